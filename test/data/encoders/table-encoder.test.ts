/** Encoders: fitted on the training rows, and the same numbers from TypeScript and from the lowered graph. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FittedEncoder, Preprocessing } from '../../../src/data/encoders/encoder.ts'
import {
  encodedWidth,
  encodeRows,
  fitEncoders,
  inputNames,
  lowerEncoders,
} from '../../../src/data/encoders/table-encoder.ts'
import { type MissingRule, policiesOf } from '../../../src/data/missing-values.ts'
import { type Column, cellValue, columnNamed, type Table } from '../../../src/data/table.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { toBytes } from '../../../src/onnx/codec.ts'
import { Graph } from '../../../src/onnx/graph.ts'
import { stringTensor, type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import { openSession } from '../../../src/runtime/session.ts'

const rows = (...numbers: number[]) => Int32Array.from(numbers)
const error: MissingRule = { policy: 'error' }
const plan = (column: string, preprocessing: Preprocessing, missing = error) => ({ column, preprocessing, missing })
const numbers = (name: string, ...values: number[]): Column => ({
  name,
  type: 'number',
  values: Float64Array.from(values),
})
const texts = (name: string, ...cells: (string | null)[]): Column => {
  const categories = [...new Set(cells.filter((cell) => cell !== null))].sort()
  return {
    name,
    type: 'category',
    codes: Int32Array.from(cells, (cell) => (cell === null ? -1 : categories.indexOf(cell))),
    categories,
  }
}
const booleans = (name: string, ...values: number[]): Column => ({
  name,
  type: 'boolean',
  values: Int8Array.from(values),
})
const tableOf = (...columns: Column[]): Table => ({
  columns,
  rowCount: columns[0] === undefined ? 0 : cellCount(columns[0]),
})
const cellCount = (column: Column) => (column.type === 'category' ? column.codes.length : column.values.length)

describe('fitted on the training rows alone', () => {
  test('mean and population standard deviation', () => {
    const table = tableOf(numbers('n', 1.5, -0.5, 0.25, 1000))
    const [encoder] = fitEncoders(table, rows(0, 1, 2), [plan('n', 'standardize')])
    expect(encoder).toMatchObject({ type: 'number', width: 1 })
    expect(encoder).toHaveProperty('shift', expect.closeTo(0.41666667, 8))
    expect(encoder).toHaveProperty('scale', expect.closeTo(0.82495791, 8))
  })

  test('categories: one that only other rows hold is all zeros', () => {
    const table = tableOf(texts('c', 'red', 'blue', 'green'))
    const fitted = fitEncoders(table, rows(0, 1), [plan('c', 'one_hot')])
    expect(fitted[0]).toMatchObject({ width: 2, categories: ['blue', 'red'] })
    expect([...encodeRows(fitted, table, rows(0, 1, 2))]).toEqual([0, 1, 1, 0, 0, 0])
  })
})

test('a constant column is divided by one', () => {
  const table = tableOf(numbers('n', 7, 7, 9))
  expect([...encodeRows(fitEncoders(table, rows(0, 1), [plan('n', 'standardize')]), table, rows(0, 2))]).toEqual([0, 2])
})

test('none leaves numbers as they are', () => {
  const table = tableOf(numbers('n', 7, -0.5))
  expect([...encodeRows(fitEncoders(table, rows(0, 1), [plan('n', 'none')]), table, rows(1, 0))]).toEqual([-0.5, 7])
})

test('features stand in the order of the request, each as wide as it is', () => {
  const table = tableOf(numbers('n', 5, 6), texts('c', 'a', 'b'), booleans('b', 1, 0))
  const fitted = fitEncoders(table, rows(0, 1), [plan('b', 'none'), plan('c', 'one_hot'), plan('n', 'none')])
  expect(encodedWidth(fitted)).toBe(4)
  expect([...encodeRows(fitted, table, rows(0, 1))]).toEqual([1, 1, 0, 5, 0, 0, 1, 6])
})

describe('missing values', () => {
  const fillOf = (column: Column, missing: MissingRule) =>
    fitEncoders(tableOf(column), rows(0, 1, 2, 3), [
      plan(column.name, column.type === 'category' ? 'one_hot' : 'none', missing),
    ])[0]?.missing.fill

  test.each([
    ['mean', 4],
    ['median', 2],
    ['most_frequent', 1],
    ['constant', 0],
    ['error', null],
    ['drop', null],
  ] as const)('%s of 1, missing, 2, 9 in the training rows is %s', (policy, fill) => {
    expect(fillOf(numbers('n', 1, Number.NaN, 2, 9, 1e9), { policy })).toBe(fill)
  })

  test('of equally frequent values the smallest', () => {
    expect(fillOf(texts('c', 'b', 'a', 'b', 'a', 'c'), { policy: 'most_frequent' })).toBe('a')
  })

  test('a constant text becomes a category of its own', () => {
    const table = tableOf(texts('c', 'a', null))
    const fitted = fitEncoders(table, rows(0, 1), [plan('c', 'one_hot', { policy: 'constant', value: 'none' })])
    expect(fitted[0]).toMatchObject({ categories: ['a', 'none'] })
    expect([...encodeRows(fitted, table, rows(0, 1))]).toEqual([1, 0, 0, 1])
  })

  test('mean and deviation are those of the filled column', () => {
    const table = tableOf(numbers('n', 0, 4, Number.NaN, Number.NaN))
    const fitted = fitEncoders(table, rows(0, 1, 2, 3), [plan('n', 'standardize', { policy: 'constant', value: 2 })])
    const encoded = encodeRows(fitted, table, rows(0, 1, 2, 3))
    expect([...encoded].map((x) => x.toFixed(3))).toEqual(['-1.414', '1.414', '0.000', '0.000'])
  })

  test('a mean of nothing is refused with the column', () => {
    expect(() => fillOf(numbers('n', Number.NaN, Number.NaN, Number.NaN, Number.NaN, 3), { policy: 'mean' })).toThrow(
      expect.objectContaining({
        code: 'missing_values',
        errors: [expect.objectContaining({ pointer: '/missing_values/n' })],
      }),
    )
  })
})

/** The raw cells as a caller feeds them to the served model. */
function feedsOf(fitted: readonly FittedEncoder[], table: Table): Record<string, Tensor> {
  const names = inputNames(fitted)
  return Object.fromEntries(
    fitted.map(({ column, type }) => {
      const cells = Array.from({ length: table.rowCount }, (_, row) => cellValue(columnNamed(table, column), row))
      const dims = [cells.length, 1]
      const tensor: Record<typeof type, () => Tensor> = {
        number: () =>
          tensorOf(
            'float64',
            cells.map((cell) => (cell === null ? Number.NaN : Number(cell))),
            dims,
          ),
        category: () =>
          stringTensor(
            cells.map((cell) => (cell === null ? '' : String(cell))),
            dims,
          ),
        boolean: () =>
          tensorOf(
            'float64',
            cells.map((cell) => (cell === null ? Number.NaN : Number(cell))),
            dims,
          ),
        tensor: () => {
          throw new Error('tensors have tests of their own')
        },
      }
      return [names[column] ?? '', tensor[type]()]
    }),
  )
}

async function encodeInGraph(fitted: readonly FittedEncoder[], table: Table): Promise<Float32Array> {
  const graph = Graph.create('encoders')
  const { encoded } = lowerEncoders(createBuilder(graph), fitted)
  graph.output(encoded)
  const session = await openSession(toBytes(graph))
  const result = await session.run(feedsOf(fitted, table))
  await session.close()
  expect(result[encoded.name]?.dims).toEqual([table.rowCount, encodedWidth(fitted)])
  return result[encoded.name]?.data as Float32Array
}

/** ONNX Runtime takes a shift below 1e-45 for 0 and leaves the Sub out. */
const notTiny = (x: number) => (Math.abs(x) < 1e-30 ? 0 : x)

const cellOf = {
  number: fc.oneof(
    fc.double({ min: -1e6, max: 1e6, noNaN: true }).map(notTiny),
    fc.integer({ min: -3, max: 3 }),
    fc.constant(Number.NaN),
  ),
  category: fc.constantFrom('red', 'blue', 'grün', 'a b', '日本', 'NA', null),
  boolean: fc.integer({ min: -1, max: 1 }),
}
const preprocessings = { number: ['standardize', 'none'], category: ['one_hot'], boolean: ['none'] } as const
const names = ['n', 'label', 'value', 'with space', 'probabilities']

const cases = fc
  .record({
    types: fc.array(fc.constantFrom('number', 'category', 'boolean'), { minLength: 1, maxLength: 5 }),
    rowCount: fc.integer({ min: 1, max: 12 }),
    seen: fc.integer({ min: 1, max: 12 }),
  })
  .chain(({ types, rowCount, seen }) => {
    const columns = types.map((type, index) => {
      const name = names[index] ?? ''
      const policy = fc.constantFrom(
        ...policiesOf[type].filter((one) => one === 'constant' || one === 'most_frequent' || one === 'mean'),
      )
      const cells = fc.array(cellOf[type] as fc.Arbitrary<number | string | null>, {
        minLength: rowCount,
        maxLength: rowCount,
      })
      return fc.record({
        type: fc.constant(type),
        name: fc.constant(name),
        cells,
        policy,
        how: fc.constantFrom(...preprocessings[type]),
      })
    })
    return fc.record({ columns: fc.tuple(...columns), trainRows: fc.constant(Math.min(seen, rowCount)) })
  })

test('the lowered graph gives what encodeRows gives, to the last bit (but for the sign of zero)', async () => {
  const property = fc.asyncProperty(cases, async ({ columns, trainRows }) => {
    const built = columns.map(({ type, name, cells }): Column => {
      if (type === 'category') return texts(name, ...(cells as (string | null)[]))
      return type === 'number' ? numbers(name, ...(cells as number[])) : booleans(name, ...(cells as number[]))
    })
    const table = tableOf(...built)
    const train = Int32Array.from({ length: trainRows }, (_, row) => row)
    const plans = columns.map(({ name, how, policy }, index) => {
      const nothing = Array.from(train, (row) => cellValue(built[index] as Column, row)).every((cell) => cell === null)
      return plan(name, how, { policy: nothing ? 'constant' : policy })
    })
    const fitted: FittedEncoder[] = JSON.parse(JSON.stringify(fitEncoders(table, train, plans))) // as stored with a version
    const all = Int32Array.from({ length: table.rowCount }, (_, row) => row)
    const unsigned = (encoded: Float32Array) => encoded.map((x) => x + 0) // -0 + 0 is 0
    expect(unsigned(await encodeInGraph(fitted, table))).toEqual(unsigned(encodeRows(fitted, table, all)))
  })
  await fc.assert(property, { numRuns: 60 })
})

test('784 numbers go through the graph as one', () => {
  const table = tableOf(...Array.from({ length: 784 }, (_, i) => numbers(`p${i}`, i, i + 1)))
  const fitted = fitEncoders(
    table,
    rows(0, 1),
    table.columns.map(({ name }) => plan(name, 'standardize')),
  )
  const graph = Graph.create('pixels')
  lowerEncoders(createBuilder(graph), fitted)
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Concat', 'Sub', 'Div', 'Cast'])
})

test('a feature named as an output gets an input of another name', () => {
  const table = tableOf(numbers('value', 1), numbers('value_input', 1), numbers('n', 1))
  const fitted = fitEncoders(
    table,
    rows(0),
    table.columns.map(({ name }) => plan(name, 'none')),
  )
  expect(inputNames(fitted)).toEqual({ value: 'value_input_input', value_input: 'value_input', n: 'n' })
  // of a model with several outputs
  expect(inputNames(fitted, ['n', 'b_label'])).toEqual({ value: 'value', value_input: 'value_input', n: 'n_input' })
})
