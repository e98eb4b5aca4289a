import { expect, test } from 'vitest'
import { blockChannels } from '../../src/autodiff/blocked/block-channels.ts'
import { type OwnRules, pullBack } from '../../src/autodiff/gradients.ts'
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { elementCount, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { createRandom, deriveKey } from '../../src/random.ts'
import { channelBlock } from '../../src/runtime/channel-block.ts'
import { allclose } from '../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

const block = await channelBlock()
const same = { pads: [1, 1, 1, 1] }
const pool = { kernel_shape: [2, 2], strides: [2, 2] }

interface Network {
  readonly x: readonly number[]
  /** [filters, channels, …kernel] of every convolution. */
  readonly kernels: readonly (readonly number[])[]
  readonly build: (op: Builder, x: Real, weights: readonly [Real, Real][]) => Real
}
const conv = (op: Builder, x: Real, [w, b]: readonly [Real, Real] = [x, x], pads = {}) => op.Conv(x, w, b, pads)
const pooled = (op: Builder, x: Real) => op.MaxPool(x, pool)[0]

const networks: Record<string, Network> = {
  'two convolutions and pools, then channels last': {
    x: [1, 8, 12],
    kernels: [
      [16, 1, 3, 3],
      [32, 16, 3, 3],
    ],
    build: (op, x, [first, second]) => {
      const y = op.Relu(pooled(op, conv(op, x, first, same)))
      return op.Transpose(op.Relu(pooled(op, conv(op, y, second, same))), { perm: [0, 2, 3, 1] })
    },
  },
  'no padding, colours, kernels of two sizes': {
    x: [3, 11, 12],
    kernels: [
      [32, 3, 2, 3],
      [16, 32, 1, 1],
    ],
    build: (op, x, [first, second]) => conv(op, op.Tanh(pooled(op, conv(op, x, first))), second),
  },
  'the activation read twice, an odd rest, padding on one side': {
    x: [2, 7, 7],
    kernels: [
      [16, 2, 3, 3],
      [16, 16, 2, 2],
    ],
    build: (op, x, [first, second]) => {
      const y = op.Sigmoid(conv(op, x, first, same))
      return op.Add(conv(op, y, second, { pads: [0, 0, 1, 1] }), op.Mul(y, y))
    },
  },
  'filters that fill no block between others': {
    x: [16, 6, 6],
    kernels: [
      [16, 16, 3, 3],
      [8, 16, 3, 3],
      [16, 8, 3, 3],
    ],
    build: (op, x, [first, second, third]) => {
      const y = pooled(op, conv(op, x, first, same))
      return conv(op, op.Relu(conv(op, y, second, same)), third, same)
    },
  },
}

/** What a network gives, and the slopes of the sum of y·cos(y) by its weights and image, with blocks or without. */
async function run({ x: image, kernels, build }: Network, batch: number, blocks: { batch: number } | null) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', ...image])
  const weights = kernels.map((shape, i): [Real, Real] => [
    graph.input(`w${i}`, 'float32', shape),
    graph.input(`b${i}`, 'float32', [shape[0] as number]),
  ])
  const y = build(op, x, weights)
  const wrt = weights.flat()
  const own: OwnRules = blocks ? blockChannels(graph, { block: block ?? 0, ...blocks, kept: [y], wrt }) : new Map()
  const made = graph.nodes.filter(({ domain }) => domain === 'com.microsoft.nchwc').length
  const slopes = pullBack(op, [[y, op.Cos(y)]], wrt, graph, own)
  for (const value of [y, ...slopes]) graph.output(value)
  const random = createRandom(deriveKey('blocked', batch, ...image))
  const given = (shape: readonly number[]) =>
    // few different numbers, so that maxima tie
    tensorOf(
      'float32',
      Array.from({ length: elementCount(shape) }, () => (random.integer(5) - 2) / 4),
      shape,
    )
  const feeds = { x: given([batch, ...image]) } as Record<string, ReturnType<typeof given>>
  for (const value of wrt) feeds[value.name] = given(value.shape.map(Number))
  const results = await runGraph(graph, feeds)
  return { made, values: [y, ...slopes].map(({ name }) => numbers(results[name])) }
}

test
  .skipIf(block === null)
  .each(
    Object.entries(networks).flatMap(([name, network]) =>
      [16, 32, 5].flatMap((batch) => [16, 7].map((usual) => [name, batch, usual, network] as const)),
    ),
  )('%s: blocks change nothing, %i images where %i are usual', async (_, batch, usual, network) => {
  const plain = await run(network, batch, null)
  const blocked = await run(network, batch, { batch: usual })
  expect(blocked.made).toBeGreaterThan(2)
  for (const [i, values] of blocked.values.entries()) {
    const expected = plain.values[i] as number[]
    const size = Math.max(...expected.map(Math.abs))
    allclose(values, expected, { relative: 1e-4, absolute: 1e-5 * size })
  }
})
