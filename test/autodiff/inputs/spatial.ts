/** Gradient test inputs of the operators that slide over spatial axes, in one, two and three dimensions. */
import fc from 'fast-check'
import type { Dim, Shape } from '../../../src/onnx/dims.ts'
import { elementCount, tensorOf } from '../../../src/onnx/tensor.ts'
import { reachOf, type Slide } from '../../../src/onnx/windows.ts'
import { anyShape, distinct, length, smooth, trials } from '../draw.ts'

const batch: fc.Arbitrary<Dim> = fc.constantFrom<Dim>('batch', 'batch', 1, 2)

/** Windows of every kind: longer or shorter steps than the kernel, gaps, uneven pads, a rest at the end. */
const slide: fc.Arbitrary<Slide> = fc.record({
  kernel: fc.constantFrom(1, 2, 3),
  stride: fc.constantFrom(1, 2, 3),
  dilation: fc.constantFrom(1, 1, 2),
  before: fc.constantFrom(0, 1, 2),
  after: fc.constantFrom(0, 1),
})
/** `rest` places at the end may be in no window. */
const axis = fc
  .record({ slide, count: fc.constantFrom(1, 2, 3), rest: fc.nat(2) })
  .map(({ slide: given, count, rest }) => {
    const fits = (pads: Slide) => reachOf(pads, count) >= 1
    const kept = fits(given) ? given : { ...given, before: 0, after: 0 }
    return { slide: kept, count, rest: Math.min(rest, kept.stride - 1) }
  })
export const axes = fc.oneof(...[1, 2, 2, 3].map((rank) => fc.array(axis, { minLength: rank, maxLength: rank })))

const placement = (slides: readonly Slide[]) => ({
  strides: slides.map(({ stride }) => stride),
  dilations: slides.map(({ dilation }) => dilation),
  pads: [...slides.map(({ before }) => before), ...slides.map(({ after }) => after)],
})

/** Channels in and out by group, depthwise among them. */
export const channels = fc.constantFrom(
  { group: 1, into: 1, out: 1 },
  { group: 1, into: 2, out: 3 },
  { group: 1, into: 3, out: 1 },
  { group: 2, into: 2, out: 1 },
  { group: 2, into: 1, out: 2 },
  { group: 3, into: 1, out: 1 },
)

const convolution = fc.record({ batch, axes, channels, biased: fc.boolean() }).map((drawn) => {
  const { group, into, out } = drawn.channels
  const slides = drawn.axes.map((part) => part.slide)
  const kernel = slides.map((part) => part.kernel)
  const lengths = drawn.axes.map((part) => reachOf(part.slide, part.count) + part.rest)
  return {
    shapes: [
      [drawn.batch, group * into, ...lengths],
      [group * out, into, ...kernel],
      ...(drawn.biased ? [[group * out]] : []),
    ] as Shape[],
    attributes: { ...placement(slides), group },
  }
})

const transposed = fc.record({ batch, axes, channels, biased: fc.boolean() }).map((drawn) => {
  const { group, into, out } = drawn.channels
  const slides = drawn.axes.map((part) => part.slide)
  return {
    shapes: [
      [drawn.batch, group * into, ...drawn.axes.map((part) => part.count)],
      [group * into, out, ...slides.map((part) => part.kernel)],
      ...(drawn.biased ? [[group * out]] : []),
    ] as Shape[],
    attributes: { ...placement(slides), group, output_padding: drawn.axes.map((part) => part.rest) },
  }
})

/** A pool's pads are shorter than its windows; there are none where windows have gaps, so that none lies in pads alone. */
const pool = fc.record({ batch, channels: length, axes }).map((drawn) => {
  const slides = drawn.axes.map(({ slide: given }) => {
    const most = given.dilation > 1 ? 0 : given.kernel - 1
    return { ...given, before: Math.min(given.before, most), after: Math.min(given.after, most) }
  })
  const lengths = drawn.axes.map(({ count, rest }, i) => Math.max(1, reachOf(slides[i] as Slide, count) + rest))
  return {
    shapes: [[drawn.batch, drawn.channels, ...lengths]] as Shape[],
    attributes: { ...placement(slides), kernel_shape: slides.map(({ kernel }) => kernel) },
  }
})

/** Tiles side by side, where the cheap forms apply. */
const tiles = fc
  .record({
    batch,
    channels: length,
    sizes: fc.array(fc.record({ kernel: length, count: length, rest: fc.nat(1) }), { minLength: 1, maxLength: 3 }),
  })
  .map((drawn) => {
    const kernel = drawn.sizes.map((size) => size.kernel)
    const lengths = drawn.sizes.map(({ kernel: size, count, rest }) => size * count + Math.min(rest, size - 1))
    return {
      shapes: [[drawn.batch, drawn.channels, ...lengths]] as Shape[],
      attributes: { kernel_shape: kernel, strides: kernel },
    }
  })

const pooled = fc.oneof(pool, tiles)
const float32 = { types: ['float32' as const] }

const windows = {
  Conv: trials({
    plan: convolution,
    values: smooth,
    call: (op, [x, w, b], { attributes }) => op.Conv(x, w, b ?? null, attributes),
    ...float32,
  }),
  ConvTranspose: trials({
    plan: transposed,
    values: smooth,
    call: (op, [x, w, b], { attributes }) => op.ConvTranspose(x, w, b ?? null, attributes),
    ...float32,
  }),
  MaxPool: trials({
    plan: pooled,
    values: distinct,
    call: (op, [x], { attributes }) => op.MaxPool(x, attributes)[0],
  }),
  MaxUnpool: trials({
    plan: tiles,
    values: distinct,
    call: (op, [x], { attributes }) => {
      const [y, indices] = op.MaxPool(x, attributes)
      return op.MaxUnpool(y, indices, op.Shape(x, {}), attributes)
    },
    ...float32,
  }),
  AveragePool: trials({
    plan: fc.record({ plan: pooled, included: fc.constantFrom<0 | 1>(0, 1) }).map(({ plan, included }) => ({
      ...plan,
      attributes: { ...plan.attributes, count_include_pad: included },
    })),
    values: smooth,
    call: (op, [x], { attributes }) => op.AveragePool(x, attributes),
    ...float32,
  }),
  GlobalAveragePool: trials({
    plan: tiles,
    values: smooth,
    call: (op, [x]) => op.GlobalAveragePool(x),
    ...float32,
  }),
  GlobalMaxPool: trials({ plan: tiles, values: distinct, call: (op, [x]) => op.GlobalMaxPool(x), ...float32 }),
}

const coordinate = fc.constantFrom(
  'half_pixel' as const,
  'asymmetric' as const,
  'align_corners' as const,
  'pytorch_half_pixel' as const,
)
const nearest = fc.constantFrom(
  'round_prefer_floor' as const,
  'round_prefer_ceil' as const,
  'floor' as const,
  'ceil' as const,
)

/** Images made larger and smaller, by whole factors and others. */
const resized = fc.oneof(
  fc
    .record({ batch, size: fc.tuple(length, length), factor: fc.tuple(length, length) })
    .map(({ batch: rows, size, factor }) => ({
      shapes: [[rows, 2, ...size]] as Shape[],
      scales: factor as number[],
      attributes: {
        axes: [2, 3],
        mode: 'nearest' as const,
        coordinate_transformation_mode: 'asymmetric' as const,
        nearest_mode: 'floor' as const,
      },
    })),
  fc
    .record({
      batch,
      size: fc.tuple(length, length),
      target: fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
      mode: fc.constantFrom('nearest' as const, 'linear' as const),
      coordinate_transformation_mode: coordinate,
      nearest_mode: nearest,
    })
    .map(({ batch: rows, size, target, ...attributes }) => ({
      shapes: [[rows, 2, ...size]] as Shape[],
      sizes: target as number[],
      attributes: { axes: [2, 3], ...attributes },
    })),
)

interface Resized {
  readonly scales?: readonly number[]
  readonly sizes?: readonly number[]
}

const resizes = {
  Resize: trials({
    plan: resized,
    values: smooth,
    call: (op, [x], { attributes, ...target }) => {
      const { scales, sizes }: Resized = target
      const factors = scales ? op.constant(tensorOf('float32', scales)) : null
      return op.Resize(x, null, factors, sizes ? op.ints(sizes) : null, attributes)
    },
    ...float32,
  }),
}

const flag = fc.constantFrom<0 | 1>(0, 1)
const products = {
  FusedMatMul: trials({
    plan: fc
      .record({
        m: batch,
        k: length,
        n: length,
        transA: flag,
        transB: flag,
        leading: anyShape(0, 2),
        scaled: fc.boolean(),
      })
      .map(({ m, k, n, transA, transB, leading, scaled }) => ({
        shapes: [
          [...leading, ...(transA ? [k, m] : [m, k])],
          [...(elementCount(leading.map((_, i) => i)) ? leading : []), ...(transB ? [n, k] : [k, n])],
        ] as Shape[],
        attributes: { transA, transB, ...(scaled ? { alpha: 0.7 } : {}) },
      })),
    values: smooth,
    call: (op, [a, b], { attributes }) => op.FusedMatMul(a, b, attributes),
    ...float32,
  }),
}

export const spatialInputs = { ...windows, ...resizes, ...products }
