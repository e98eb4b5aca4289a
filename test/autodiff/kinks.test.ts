import { describe, expect, test } from 'vitest'
import { gradients } from '../../src/autodiff/gradients.ts'
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { openSession } from '../../src/runtime/session.ts'
import { allclose } from '../support/allclose.ts'
import { checkVjp } from '../support/check-vjp.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

/** The gradients of the sum of y, for each of the inputs (vectors). */
async function slopes(type: 'float32' | 'float64', build: (op: Builder, xs: Real[]) => Real, inputs: number[][]) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const xs = inputs.map(({ length }, i) => graph.input(`x${i}`, type, [length]))
  const found = gradients(op, op.ReduceSum(build(op, xs), null, { keepdims: 0 }), xs)
  for (const dx of found) graph.output(op.Identity(dx))
  const feeds = Object.fromEntries(inputs.map((values, i) => [`x${i}`, tensorOf(type, values)]))
  return Object.values(await runGraph(graph, feeds)).map(numbers)
}

type Fact = [name: string, build: (op: Builder, xs: [Real, Real, Real]) => Real, inputs: number[][], slopes: number[][]]

const facts: Fact[] = [
  ['Relu at 0 is flat', (op, [x]) => op.Relu(x), [[-1, 0, 1e-30, 1e30]], [[0, 0, 1, 1]]],
  ['Abs at 0 is flat', (op, [x]) => op.Abs(x), [[-1e-30, 0, 1e-30]], [[-1, 0, 1]]],
  [
    'Max: a tie goes to the left',
    (op, [a, b]) => op.Max([a, b]),
    [
      [1, 2, 3],
      [1, 3, 2],
    ],
    [
      [1, 0, 1],
      [0, 1, 0],
    ],
  ],
  [
    'Min: a tie goes to the left',
    (op, [a, b]) => op.Min([a, b]),
    [
      [1, 2, 3],
      [1, 3, 2],
    ],
    [
      [1, 1, 0],
      [0, 0, 1],
    ],
  ],
  [
    'Max of three: the first of the largest',
    (op, xs) => op.Max(xs),
    [
      [1, 0],
      [1, 5],
      [0, 5],
    ],
    [
      [1, 0],
      [0, 1],
      [0, 0],
    ],
  ],
  ['ReduceMax: ties share', (op, [x]) => op.ReduceMax(x, null, {}), [[2, 1, 2, 2]], [[1 / 3, 0, 1 / 3, 1 / 3]]],
  ['ReduceMin: ties share', (op, [x]) => op.ReduceMin(x, null, {}), [[1, 1]], [[0.5, 0.5]]],
  [
    'Clip lets its bounds pass',
    (op, [x]) => op.Clip(x, op.scalar(-1, x), op.scalar(1, x)),
    [[-2, -1, 0, 1, 2]],
    [[0, 1, 1, 1, 0]],
  ],
  ['x² at 0', (op, [x]) => op.Pow(x, op.scalar(2, x)), [[0, -3]], [[0, -6]]],
  ['x¹ at 0', (op, [x]) => op.Pow(x, op.scalar(1, x)), [[0, -3]], [[1, 1]]],
  ['x⁰ at 0', (op, [x]) => op.Pow(x, op.scalar(0, x)), [[0, -3]], [[0, 0]]],
  ['x³ at 0 and below', (op, [x]) => op.Pow(x, op.scalar(3, x)), [[0, -2]], [[0, 12]]],
  [
    'Pow by exponents that are inputs, base 0',
    (op, [x, p]) => op.Pow(x, p),
    [
      [0, 0, 0, 1],
      [0, 1, 2, 0],
    ],
    [
      [0, 1, 0, 0],
      [0, 0, 0, 0],
    ],
  ],
  ['Sqrt at 0 is infinitely steep', (op, [x]) => op.Sqrt(x), [[0, 4]], [[Number.POSITIVE_INFINITY, 0.25]]],
  ['ReduceL2 at 0 is flat', (op, [x]) => op.ReduceL2(x, null, {}), [[0, 0]], [[0, 0]]],
  ['Sigmoid far out is flat', (op, [x]) => op.Sigmoid(x), [[-1000, 0, 1000]], [[0, 0.25, 0]]],
  [
    'LogSoftmax of far apart logits stays finite',
    (op, [x]) => op.Gather(op.LogSoftmax(x, {}), op.ints([1]), {}),
    [[1000, -1000]],
    [[-1, 1]],
  ],
  [
    'Gather adds up repeated indices, also negative ones',
    (op, [x]) => op.Gather(x, op.ints([0, 2, -1, 0, 0]), {}),
    [[1, 2, 3]],
    [[3, 0, 2]],
  ],
]

describe.each(['float32', 'float64'] as const)('%s', (type) => {
  test.each(facts)('%s', async (_, build, inputs, expected) => {
    const found = await slopes(type, (op, xs) => build(op, xs as [Real, Real, Real]), inputs)
    expect(found.length).toBe(expected.length)
    for (const [i, values] of found.entries()) {
      allclose(values, expected[i] ?? [], { relative: 1e-6, absolute: 1e-12 })
    }
  })
})

test.each<[string, (op: Builder, x: Real) => Real, number]>([
  ['LeakyRelu', (op, x) => op.LeakyRelu(x, { alpha: 0.25 }), 0.25],
  ['Elu', (op, x) => op.Elu(x, { alpha: 0.5 }), 0.5],
  ['PRelu', (op, x) => op.PRelu(x, op.scalar(0.75, x)), 0.75],
])('%s at 0 has the slope of its left side', async (_, build, expected) => {
  const [dx = []] = await slopes('float32', (op, [x]) => build(op, x as Real), [[0]])
  allclose(dx, [expected])
})

test('a rule that is wrong is found: at its kink Relu disagrees with central differences', async () => {
  const inputs = [{ shape: [3], dims: [3], values: [0, 0, 0] }]
  const build = (op: Builder, xs: readonly Real[]) => [op.Relu(xs[0] as Real)]
  await expect(checkVjp('Relu', { type: 'float64', seed: 1, inputs, build })).rejects.toThrow('central differences')
})

test('the gradient of an embedding loses no update on two threads', async () => {
  const [rows, width] = [6400, 64]
  const graph = newGraph()
  const op = createBuilder(graph)
  const table = graph.input('table', 'float32', [3, width])
  const ids = graph.input('ids', 'int64', ['batch'])
  const [slope] = gradients(op, op.ReduceSum(op.Gather(table, ids, {}), null, { keepdims: 0 }), [table])
  graph.output(slope as Real)
  const session = await openSession(toBytes(graph), { threads: 2 })
  const feeds = {
    table: tensorOf('float32', new Float32Array(3 * width), [3, width]),
    ids: tensorOf(
      'int64',
      Array.from({ length: rows }, (_, i) => i % 2),
    ),
  }
  for (let run = 0; run < 20; run++) {
    const { table_grad } = await session.run(feeds)
    expect(new Set(numbers(table_grad))).toEqual(new Set([rows / 2, 0]))
  }
  await session.close()
})
