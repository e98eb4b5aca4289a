import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byColumns, byPlaces, bySwapping, filterGradient } from '../../src/autodiff/filter-gradient.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { elementCount, tensorOf } from '../../src/onnx/tensor.ts'
import { reachOf } from '../../src/onnx/windows.ts'
import { createRandom, deriveKey } from '../../src/random.ts'
import { allclose } from '../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'
import { axes, channels } from './inputs/spatial.ts'

const drawn = fc.record({ batch: fc.constantFrom(1, 2, 3), open: fc.boolean(), axes, channels, seed: fc.nat(1e6) })

test('the forms of the gradient of weights agree, in one to three dimensions', () =>
  fc.assert(
    fc.asyncProperty(drawn, async ({ batch, open, axes: parts, channels: { group, into, out }, seed }) => {
      const slides = parts.map(({ slide }) => slide)
      const x = [group * into, ...parts.map(({ slide, count, rest }) => reachOf(slide, count) + rest)]
      const dy = [group * out, ...parts.map(({ count }) => count)]
      const graph = newGraph()
      const op = createBuilder(graph)
      const rows = open ? 'batch' : batch
      const convolution = {
        x: graph.input('x', 'float32', [rows, ...x]),
        dy: graph.input('dy', 'float32', [rows, ...dy]),
        slides,
        group,
      }
      const forms = [byColumns, byPlaces, bySwapping].map((form) => form(op, convolution))
      for (const form of forms) graph.output(form)
      const random = createRandom(deriveKey(seed))
      const feed = (dims: number[]) =>
        tensorOf(
          'float32',
          Array.from({ length: elementCount(dims) }, () => random.uniform() - 0.5),
          dims,
        )
      const results = await runGraph(graph, { x: feed([batch, ...x]), dy: feed([batch, ...dy]) })
      const [columns, ...others] = forms.map(({ name }) => results[name])
      expect(columns?.dims).toEqual([group * out, into, ...slides.map(({ kernel }) => kernel)])
      for (const other of others) {
        expect(other?.dims).toEqual(columns?.dims)
        allclose(numbers(other), numbers(columns), { relative: 1e-4, absolute: 1e-5 })
      }
    }),
    { numRuns: 40 },
  ))

test.each<[string, number, number, string[]]>([
  ['few channels: one product of all columns', 3, 64, ['Pad', 'Concat', 'FusedMatMul']],
  ['many channels: a product for each place', 16, 64, ['Pad', 'FusedMatMul', 'Concat']],
  ['columns too large to make: a convolution', 3, 2048, ['Transpose', 'Conv']],
])('%s', (_, depth, size, expected) => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', depth, size, size])
  const dy = graph.input('dy', 'float32', ['batch', 8, size, size])
  const slide = { kernel: 3, stride: 1, dilation: 1, before: 1, after: 1 }
  filterGradient(op, { x, dy, slides: [slide, slide], group: 1 })
  const types = new Set(graph.nodes.map((node) => node.opType))
  expect(
    [...types].filter((type) => ['Pad', 'Concat', 'FusedMatMul', 'Conv'].includes(type) || expected.includes(type)),
  ).toEqual(expected)
})
