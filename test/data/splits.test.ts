/** Splits: exact shares by class (C36), seeds and order (C38). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { partNames, type SplitSettings, splitRows } from '../../src/data/splits.ts'

const rowsOf = (n: number) => Int32Array.from({ length: n }, (_, i) => i)
const repeat = (...counts: number[]) => counts.flatMap((count, label) => new Array<number>(count).fill(label))
const split = (
  classes: number[],
  shares: [number, number, number],
  { stratify = true, ...settings }: Partial<SplitSettings & { stratify: boolean }> = {},
  seed = 1,
) => {
  const [train, validation, test] = shares
  const target = { classes, labels: ['a', 'b', 'c'].slice(0, Math.max(...classes) + 1) }
  return splitRows(
    { rows: rowsOf(classes.length), targets: [target], stratifyBy: stratify ? target : null },
    { train, validation, test, shuffle: true, ...settings },
    seed,
  )
}
const perClass = (rows: Int32Array, classes: number[]) => {
  const counts = [0, 0, 0]
  for (const row of rows) counts[classes[row] ?? 0] = (counts[classes[row] ?? 0] ?? 0) + 1
  return counts
}

describe('C36: stratified', () => {
  test('iris 70:20:10 is 35, 10 and 5 of each', () => {
    const classes = repeat(50, 50, 50)
    const parts = split(classes, [0.7, 0.2, 0.1])
    expect(partNames.map((part) => perClass(parts[part], classes))).toEqual([
      [35, 35, 35],
      [10, 10, 10],
      [5, 5, 5],
    ])
    expect(parts.warnings).toEqual([])
  })

  test('a class of one row is in training, and a warning names it', () => {
    const classes = repeat(6, 3, 1)
    const parts = split(classes, [0.6, 0.2, 0.2])
    expect(perClass(parts.train, classes)[2]).toBe(1)
    expect(partNames.map((part) => parts[part].length)).toEqual([6, 2, 2])
    expect(parts.warnings).toMatchObject([{ code: 'class_not_in_every_part', pointer: '/split' }])
    expect(parts.warnings[0]?.detail).toContain('class "c" (1 row) is not in validation and test')
  })

  test('every class is in training, every row in one part, each share within one row of its ideal', () => {
    const classCounts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(
        classCounts,
        fc.integer({ min: 1, max: 9 }),
        fc.nat(5),
        fc.integer(),
        (counts, tenths, more, seed) => {
          const train = tenths / 10
          const validation = Math.min(more / 10, 1 - train)
          const classes = repeat(...counts)
          const parts = split(classes, [train, validation, 1 - train - validation], {}, seed)
          const all = partNames.flatMap((part) => [...parts[part]])
          expect(all.sort((a, b) => a - b)).toEqual([...rowsOf(classes.length)])
          for (const [label, count] of counts.entries()) {
            const inTraining = perClass(parts.train, classes)[label] ?? 0
            expect(inTraining).toBeGreaterThan(0)
            expect(Math.abs(inTraining - count * train)).toBeLessThan(1)
          }
        },
      ),
    )
  })

  test('the parts of unequal remainders still add up to their totals', () => {
    const parts = split(repeat(4, 4, 4), [2 / 3, 1 / 3, 0])
    expect(partNames.map((part) => parts[part].length)).toEqual([8, 4, 0])
  })
})

describe('C38: shuffle and seed', () => {
  const classes = repeat(4, 4, 4)

  test('the same seed gives the same rows, another seed others', () => {
    const rows = (seed: number) => [...split(classes, [2 / 3, 1 / 3, 0], {}, seed).train]
    expect(rows(1)).toEqual(rows(1))
    expect(rows(1)).not.toEqual(rows(2))
  })

  test('sorted rows are shuffled: validation does not hold the last class only', () => {
    const { validation } = split(classes, [2 / 3, 1 / 3, 0], { stratify: false })
    expect([...validation]).not.toEqual([8, 9, 10, 11])
  })

  test('in order only when asked', () => {
    const parts = split(classes, [0.5, 0.25, 0.25], { stratify: false, shuffle: false })
    expect(partNames.map((part) => [...parts[part]])).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
    ])
  })

  test('every part is in the order of the data', () => {
    const { train } = split(classes, [0.75, 0.25, 0])
    expect([...train]).toEqual([...train].sort((a, b) => a - b))
  })
})

test('parts of zero have no rows and no warning', () => {
  const parts = split(repeat(3, 3), [1, 0, 0])
  expect(parts.train).toHaveLength(6)
  expect(parts.warnings).toEqual([])
})

test('too few rows for a part are told', () => {
  const parts = splitRows(
    { rows: rowsOf(3), targets: [], stratifyBy: null },
    { train: 0.7, validation: 0.2, test: 0.1, shuffle: true },
    1,
  )
  expect(parts.warnings).toMatchObject([{ code: 'empty_part', pointer: '/split/test' }])
})

test('no row for training is refused', () => {
  const source = { rows: rowsOf(3), targets: [], stratifyBy: null }
  expect(() => splitRows(source, { train: 0, validation: 1, test: 0, shuffle: true }, 1)).toThrow('no row for training')
})
