/** Statistics of columns. */
import { expect, test } from 'vitest'
import { statistics } from '../../src/data/statistics.ts'
import type { Table } from '../../src/data/table.ts'

const table: Table = {
  rowCount: 6,
  columns: [
    { name: 'n', type: 'number', values: Float64Array.of(10, 2, Number.NaN, 4, 1, 3) },
    { name: 'c', type: 'category', codes: Int32Array.of(0, 1, 1, -1, 1, 0), categories: ['a', 'b'] },
    { name: 'b', type: 'boolean', values: Int8Array.of(1, 1, 0, -1, 1, 1) },
    { name: 'same', type: 'number', values: new Float64Array(6).fill(7) },
    { name: 'none', type: 'number', values: new Float64Array(6).fill(Number.NaN) },
  ],
}
const of = (name: string) => statistics(table, name)[0]

test('a number column: NumPy says mean 4, std 3.16227766, quartiles 2, 3, 4', () => {
  expect(of('n')).toMatchObject({
    count: 5,
    missing: 1,
    mean: 4,
    min: 1,
    max: 10,
    quartiles: [2, 3, 4],
    categories: null,
  })
  expect(of('n')?.std).toBeCloseTo(3.16227766, 8)
})

test('every value is in one bin of the histogram, the maximum in the last', () => {
  const histogram = of('n')?.histogram
  expect(histogram?.edges).toHaveLength(21)
  expect(histogram?.counts.reduce((a, b) => a + b)).toBe(5)
  expect(histogram?.counts.at(-1)).toBe(1)
})

test('categories and booleans are counted, the most frequent first', () => {
  expect(of('c')).toMatchObject({
    count: 5,
    missing: 1,
    mean: null,
    category_count: 2,
    categories: [
      { value: 'b', count: 3 },
      { value: 'a', count: 2 },
    ],
  })
  expect(of('b')).toMatchObject({
    count: 5,
    missing: 1,
    categories: [
      { value: true, count: 4 },
      { value: false, count: 1 },
    ],
  })
})

test('a constant column has one bin', () => {
  expect(of('same')).toMatchObject({ std: 0, histogram: { edges: [7, 7], counts: [6] } })
})

test('a column without values has no numbers', () => {
  expect(of('none')).toMatchObject({ count: 0, missing: 6, mean: null, quartiles: null, histogram: null })
})
