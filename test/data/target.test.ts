/** Targets: what kind, which labels, and the answers of the lowered graph. */
import { describe, expect, test } from 'vitest'
import type { Column, Table } from '../../src/data/table.ts'
import { encodeTarget, type FittedTarget, fitTarget, lowerTarget, type ScalarTarget } from '../../src/data/target.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { Graph } from '../../src/onnx/graph.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { openSession } from '../../src/runtime/session.ts'

const numbers = (...values: number[]): Column => ({ name: 'y', type: 'number', values: Float64Array.from(values) })
const texts = (...cells: string[]): Column => {
  const categories = [...new Set(cells)].sort()
  return { name: 'y', type: 'category', codes: Int32Array.from(cells, (cell) => categories.indexOf(cell)), categories }
}
const tableOf = (column: Column): Table => ({
  columns: [column],
  rowCount: column.type === 'category' ? column.codes.length : column.values.length,
})
/** Of a column with one value per row. */
const scalar = (target: FittedTarget) => target as ScalarTarget
const all = (table: Table) => Int32Array.from({ length: table.rowCount }, (_, row) => row)
const learn = (column: Column, use: 'classes' | 'numbers' = 'classes') =>
  fitTarget(tableOf(column), all(tableOf(column)), 'y', use)

describe('labels', () => {
  test.each([
    ['texts in code-unit order', texts('b', 'a', 'B', 'a'), 'multiclass', ['B', 'a', 'b']],
    ['numeric texts in numeric order, as written', texts('10', '9', '010'), 'multiclass', ['9', '010', '10']],
    ['whole numbers in numeric order', numbers(10, 9, -1), 'multiclass', ['-1', '9', '10']],
    ['two classes', texts('no', 'yes', 'no'), 'binary', ['no', 'yes']],
    [
      'false before true',
      { name: 'y', type: 'boolean', values: Int8Array.of(1, 0, 1) } satisfies Column,
      'binary',
      ['false', 'true'],
    ],
  ])('%s', (_, column, kind, labels) => {
    expect(learn(column)).toMatchObject({ kind, labels })
  })

  test('do not depend on the order of the rows', () => {
    expect(learn(texts('c', 'a', 'b'))).toEqual(learn(texts('b', 'c', 'a')))
  })

  test('only those of the rows that are used', () => {
    const table = tableOf(texts('a', 'b', 'c'))
    expect(fitTarget(table, Int32Array.of(0, 2), 'y', 'classes')).toMatchObject({ kind: 'binary', labels: ['a', 'c'] })
  })
})

test.each([
  ['one class only', texts('a', 'a'), 'classes', 'one class only, "a" in 2 rows'],
  ['fractions as classes', numbers(1, 2.5), 'classes', 'holds 2.5'],
  ['texts as numbers', texts('a', 'b'), 'numbers', 'holds texts'],
] as const)('%s are refused', (_, column, use, words) => {
  expect(() => learn(column, use)).toThrow(
    expect.objectContaining({ code: 'invalid_target', errors: [expect.objectContaining({ pointer: '/target' })] }),
  )
  expect(() => learn(column, use)).toThrow(words)
})

test('rows are encoded as the index of their label, or as their number', () => {
  const classes = texts('b', 'a', 'b')
  expect([...encodeTarget(scalar(learn(classes)), tableOf(classes), Int32Array.of(2, 1))]).toEqual([1, 0])
  const values = numbers(0.1, 7)
  expect([...encodeTarget(scalar(learn(values, 'numbers')), tableOf(values), Int32Array.of(1, 0))]).toEqual([7, 0.1])
  const whole = numbers(5, 3, 5)
  expect([...encodeTarget(scalar(learn(whole)), tableOf(whole), Int32Array.of(0, 1, 2))]).toEqual([1, 0, 1])
})

async function answers(fitted: FittedTarget, units: number, output: number[]) {
  const graph = Graph.create('target')
  const op = createBuilder(graph)
  const { outputs } = lowerTarget(op, fitted, graph.input('output', 'float32', ['batch', units]))
  for (const value of Object.values(outputs)) graph.output(value)
  const session = await openSession(toBytes(graph))
  const results = await session.run({ output: tensorOf('float32', output, [output.length / units, units]) })
  await session.close()
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, results[value.name]]))
}
const classes = (labels: string[], fromLogits = false): FittedTarget => ({
  column: 'y',
  type: 'category',
  kind: labels.length === 2 ? 'binary' : 'multiclass',
  labels,
  fromLogits,
})
const rounded = (data: unknown) => Array.from(data as Float32Array, (x) => Math.round(x * 1e4) / 1e4)

describe('lowered', () => {
  test('one sigmoid output: [1 - p, p], and the second class above 0.5 only', async () => {
    const { label, probabilities } = await answers(classes(['no', 'yes']), 1, [0.75, 0.5, 0.25])
    expect(label).toMatchObject({ dims: [3], data: ['yes', 'no', 'no'] })
    expect(probabilities?.dims).toEqual([3, 2])
    expect(rounded(probabilities?.data)).toEqual([0.25, 0.75, 0.5, 0.5, 0.75, 0.25])
  })

  test('one output per class: the largest wins', async () => {
    const { label, probabilities } = await answers(classes(['a', 'b', 'c']), 3, [0.2, 0.7, 0.1, 0.5, 0.1, 0.4])
    expect(label).toMatchObject({ dims: [2], data: ['b', 'a'] })
    expect(rounded(probabilities?.data)).toEqual([0.2, 0.7, 0.1, 0.5, 0.1, 0.4])
  })

  test('logits become probabilities', async () => {
    const softmax = await answers(classes(['a', 'b', 'c'], true), 3, [2, 1, 0])
    expect(rounded(softmax.probabilities?.data)).toEqual([0.6652, 0.2447, 0.09])
    const sigmoid = await answers(classes(['a', 'b'], true), 1, [-1])
    expect(rounded(sigmoid.probabilities?.data)).toEqual([0.7311, 0.2689])
    expect(sigmoid.label?.data).toEqual(['a'])
  })

  test('a number is a number', async () => {
    const { value } = await answers({ column: 'y', type: 'number', kind: 'regression' }, 1, [21.5, -3])
    expect(value).toMatchObject({ dims: [2] })
    expect(rounded(value?.data)).toEqual([21.5, -3])
  })
})
