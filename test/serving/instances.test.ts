/** Instances against a signature: raw values to tensors, every mistake with its pointer (case C48, predict half). */
import { expect, test } from 'vitest'
import { Problem } from '../../src/errors.ts'
import { instanceReader } from '../../src/serving/instances.ts'
import type { Feature } from '../../src/serving/signature.ts'

const color: Feature = { name: 'color', input: 'color', type: 'category', categories: ['blue', 'red'], required: true }
const n: Feature = { name: 'n', input: 'n', type: 'number', required: true }
const wet: Feature = { name: 'wet', input: 'wet_1', type: 'boolean', required: true }

const encodeInstances = (features: readonly Feature[], instances: readonly unknown[]) =>
  instanceReader(features)(instances)

function problemOf(work: () => unknown): Problem {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('no problem')
}

test('objects become one tensor an input of the graph, in any order of keys', () => {
  const { feeds, warnings } = encodeInstances(
    [color, n, wet],
    [
      { color: 'red', n: 1, wet: true },
      { wet: false, n: 2.5, color: 'blue' },
    ],
  )
  expect(feeds).toEqual({
    color: { type: 'string', dims: [2, 1], data: ['red', 'blue'] },
    n: { type: 'float64', dims: [2, 1], data: Float64Array.of(1, 2.5) },
    wet_1: { type: 'float64', dims: [2, 1], data: Float64Array.of(1, 0) },
  })
  expect(warnings).toEqual([])
})

test('rows are read in the order of the features', () => {
  const { feeds } = encodeInstances([n, color], [[2.0, 'red']])
  expect(feeds.n?.data).toEqual(Float64Array.of(2))
  expect(feeds.color?.data).toEqual(['red'])
})

test('an unseen category passes with a warning', () => {
  const { feeds, warnings } = encodeInstances([color, n], [{ color: 'green', n: 1 }])
  expect(feeds.color?.data).toEqual(['green'])
  expect(warnings).toMatchObject([{ code: 'unseen_category', pointer: '/instances/0/color' }])
})

test('a code that training saw as a text may come as a number', () => {
  const zip: Feature = { name: 'zip', input: 'zip', type: 'category', categories: ['4711'], required: true }
  expect(encodeInstances([zip], [[4711]]).feeds.zip?.data).toEqual(['4711'])
  expect(problemOf(() => encodeInstances([zip], [[4712]])).errors[0]?.pointer).toBe('/instances/0/0')
})

test('with a policy for missing values, null and a missing field are missing values', () => {
  const optional = [color, n, wet].map((feature) => ({ ...feature, required: false }))
  const { feeds, warnings } = encodeInstances(optional, [{ color: null, n: null, wet: null }, {}])
  expect(feeds.color?.data).toEqual(['', ''])
  expect(feeds.n?.data).toEqual(Float64Array.of(Number.NaN, Number.NaN))
  expect(feeds.wet_1?.data).toEqual(Float64Array.of(Number.NaN, Number.NaN))
  expect(warnings).toEqual([])
})

test.each([
  ['null without a policy', [{ color: 'red', n: null }], '/instances/0/n'],
  ['a missing field', [{ n: 1 }], '/instances/0/color'],
  ['a text for a number', [{ color: 'red', n: 'x' }], '/instances/0/n'],
  ['a number in a text', [{ color: 'red', n: '1' }], '/instances/0/n'],
  ['an object for a text', [{ color: {}, n: 1 }], '/instances/0/color'],
  ['an extra field', [{ color: 'red', n: 1, m: 2 }], '/instances/0/m'],
  ['an empty text without a policy', [{ color: '', n: 1 }], '/instances/0/color'],
  ['NaN', [{ color: 'red', n: Number.NaN }], '/instances/0/n'],
  ['infinity', [{ color: 'red', n: Number.POSITIVE_INFINITY }], '/instances/0/n'],
  ['a row of another length', [['red']], '/instances/0'],
  ['a bare number', [5], '/instances/0'],
  ['null in the place of an instance', [{ color: 'red', n: 1 }, null], '/instances/1'],
  ['an escaped key', [{ color: 'red', n: 1, 'a/b': 2 }], '/instances/0/a~1b'],
])('%s is refused with its pointer', (_name, instances, pointer) => {
  const problem = problemOf(() => encodeInstances([color, n], instances))
  expect(problem.code).toBe('invalid_instance')
  expect(problem.errors.map((part) => part.pointer)).toEqual([pointer])
})

test('all mistakes are told together', () => {
  const problem = problemOf(() => encodeInstances([color, n], [{ color: 1, n: 'x' }, { n: null }]))
  expect(problem.errors.map((part) => part.pointer).sort()).toEqual([
    '/instances/0/color',
    '/instances/0/n',
    '/instances/1/color',
    '/instances/1/n',
  ])
})
