import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byFlipping, byTransposing, inputGradient } from '../../src/autodiff/input-gradient.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { elementCount, tensorOf } from '../../src/onnx/tensor.ts'
import { createRandom, deriveKey } from '../../src/random.ts'
import { allclose } from '../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'
import { channels } from './inputs/spatial.ts'

const axis = fc
  .record({
    kernel: fc.constantFrom(1, 2, 3),
    dilation: fc.constantFrom(1, 2),
    before: fc.nat(4),
    after: fc.nat(4),
    length: fc.constantFrom(5, 6),
  })
  .map(({ kernel, dilation, before, after, length }) => {
    const most = (kernel - 1) * dilation
    return {
      length,
      slide: { kernel, stride: 1, dilation, before: Math.min(before, most), after: Math.min(after, most) },
    }
  })
const drawn = fc.record({ axes: fc.array(axis, { minLength: 1, maxLength: 3 }), channels, seed: fc.nat(1e6) })

test('the forms of the gradient of the input agree, in one to three dimensions', () =>
  fc.assert(
    fc.asyncProperty(drawn, async ({ axes, channels: { group, into, out }, seed }) => {
      const slides = axes.map(({ slide }) => slide)
      const lengths = axes.map(({ length }) => length)
      const counts = axes.map(
        ({ length, slide }) => length + slide.before + slide.after - (slide.kernel - 1) * slide.dilation,
      )
      const dims = { dy: [2, group * out, ...counts], w: [group * out, into, ...slides.map(({ kernel }) => kernel)] }
      const graph = newGraph()
      const op = createBuilder(graph)
      const dy = graph.input('dy', 'float32', ['batch', ...dims.dy.slice(1)])
      const w = graph.input('w', 'float32', dims.w)
      const forms = [byTransposing, byFlipping].map((form) => form(op, { dy, w, lengths, slides, group }))
      for (const form of forms) graph.output(form)
      const random = createRandom(deriveKey(seed))
      const feed = (shape: number[]) =>
        tensorOf(
          'float32',
          Array.from({ length: elementCount(shape) }, () => random.uniform() - 0.5),
          shape,
        )
      const results = await runGraph(graph, { dy: feed(dims.dy), w: feed(dims.w) })
      const [transposed, flipped] = forms.map(({ name }) => results[name])
      expect(transposed?.dims).toEqual([2, group * into, ...lengths])
      expect(flipped?.dims).toEqual(transposed?.dims)
      allclose(numbers(flipped), numbers(transposed), { relative: 1e-4, absolute: 1e-5 })
    }),
    { numRuns: 40 },
  ))

interface Case {
  readonly stride?: number
  readonly before?: number
  readonly group?: number
  readonly perGroup?: number
}

test.each<[string, number[], Case, 'Conv' | 'ConvTranspose']>([
  ['a sequence is flipped', [100], {}, 'Conv'],
  ['a small image is transposed', [14, 14], {}, 'ConvTranspose'],
  ['a large image is flipped', [120, 170], {}, 'Conv'],
  ['a large image of few channels is transposed', [120, 170], { perGroup: 3 }, 'ConvTranspose'],
  ['groups of many channels are flipped', [14, 14], { group: 4 }, 'Conv'],
  ['a depthwise filter is flipped', [14, 14], { group: 8, perGroup: 1 }, 'Conv'],
  ['a stride is transposed', [120, 170], { stride: 2 }, 'ConvTranspose'],
  ['pads longer than the kernel are transposed', [100], { before: 3 }, 'ConvTranspose'],
])('%s', (_, lengths, { stride = 1, before = 1, group = 1, perGroup = 16 }, expected) => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const slides = lengths.map(() => ({ kernel: 3, stride, dilation: 1, before, after: 1 }))
  const counts = lengths.map((length) => Math.floor((length + before - 2) / stride) + 1)
  const dy = graph.input('dy', 'float32', ['batch', 8, ...counts])
  const w = graph.input('w', 'float32', [8, perGroup, ...lengths.map(() => 3)])
  const dx = inputGradient(op, { dy, w, lengths, slides, group })
  expect(dx.shape.slice(2)).toEqual(lengths)
  expect(graph.nodes.at(-1)?.opType).toBe(expected)
})
