import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gradients } from '../../src/autodiff/gradients.ts'
import { byMasks, byScattering, byUnpooling } from '../../src/autodiff/max-pool-gradient.ts'
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { elementCount, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { createRandom, deriveKey } from '../../src/random.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

const tiles = fc.record({
  rows: fc.constantFrom(1, 2, 3),
  axes: fc.array(fc.record({ kernel: fc.constantFrom(1, 2, 3), count: fc.constantFrom(1, 2, 3), rest: fc.nat(2) }), {
    minLength: 1,
    maxLength: 3,
  }),
  seed: fc.nat(1e6),
})

test('the forms of the gradient of MaxPool agree, ties among whole numbers included', () =>
  fc.assert(
    fc.asyncProperty(tiles, async ({ rows, axes, seed }) => {
      const kernel = axes.map((axis) => axis.kernel)
      const lengths = axes.map((axis) => axis.kernel * axis.count + Math.min(axis.rest, axis.kernel - 1))
      const graph = newGraph()
      const op = createBuilder(graph)
      const x = graph.input('x', 'float32', ['batch', 2, ...lengths])
      const [y, indices] = op.MaxPool(x, { kernel_shape: kernel, strides: kernel })
      const dy = graph.input('dy', 'float32', y.shape)
      const slides = kernel.map((size) => ({ kernel: size, stride: size, dilation: 1, before: 0, after: 0 }))
      const forms = [byMasks, byUnpooling, byScattering].map((form) => form(op, { x, y, indices, dy, slides }))
      for (const form of forms) graph.output(form)
      const random = createRandom(deriveKey(seed))
      const feed = (dims: readonly number[]) =>
        tensorOf(
          'float32',
          Array.from({ length: elementCount(dims) }, () => random.integer(4) - 2),
          dims,
        )
      const feeds = { x: feed([rows, 2, ...lengths]), dy: feed([rows, ...y.shape.slice(1).map(Number)]) }
      const results = await runGraph(graph, feeds)
      const [masks, unpooled, scattered] = forms.map(({ name }) => numbers(results[name]).map((slope) => slope + 0))
      expect(masks).toEqual(scattered)
      expect(unpooled).toEqual(scattered)
    }),
    { numRuns: 40 },
  ))

/** The slopes of the sum of y for one image. */
async function slopes(build: (op: Builder, x: Real) => Real, image: number[], spatial: readonly number[]) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', 1, ...spatial])
  const [dx] = gradients(op, op.ReduceSum(build(op, x), null, { keepdims: 0 }), [x])
  graph.output(dx as Real)
  return numbers(Object.values(await runGraph(graph, { x: tensorOf('float32', image, [1, 1, ...spatial]) }))[0])
}

test.each<[string, (op: Builder, x: Real) => Real, number[]]>([
  ['windows side by side', (op, x) => op.MaxPool(x, { kernel_shape: [2, 2], strides: [2, 2] })[0], [0, 1, 0, 0]],
  ['a window apart', (op, x) => op.MaxPool(x, { kernel_shape: [2, 2], strides: [3, 3] })[0], [0, 1, 0, 0]],
  ['windows that overlap', (op, x) => op.MaxPool(x, { kernel_shape: [1, 2], pads: [0, 1, 0, 0] })[0], [1, 1, 2, 0]],
  ['GlobalMaxPool, whose ties share', (op, x) => op.GlobalMaxPool(x), [0, 0.5, 0.5, 0]],
])('equal maxima: the first gets the cotangent, %s', async (_, build, expected) => {
  expect(await slopes(build, [1, 5, 5, 2], [2, 2])).toEqual(expected)
})

test('a channel that became NaN is not hidden by the maximum, nor by the slopes', async () => {
  const square = (op: Builder, x: Real) => {
    const [y] = op.MaxPool(x, { kernel_shape: [2, 2], strides: [2, 2] })
    return op.Mul(y, y)
  }
  const dx = await slopes(square, new Array(16).fill(Number.NaN), [4, 4])
  expect(dx.every(Number.isNaN)).toBe(true)
})
