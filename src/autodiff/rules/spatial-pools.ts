/** Gradient rules of the pools. */
import type { Builder } from '../../onnx/builder.ts'
import { elementCount, tensorOf } from '../../onnx/tensor.ts'
import type { Real } from '../../onnx/value.ts'
import { areTiles, reachOf, type Slide } from '../../onnx/windows.ts'
import { maxPoolGradient } from '../max-pool-gradient.ts'
import { expandLike, reshapeLike } from '../shapes.ts'
import { padEnds, placementOf, repeatTiles, spatialOf, windowsOver } from '../spatial.ts'
import type { VjpRules } from '../vjp.ts'

export const pools = {
  MaxPool: (op, { inputs: [x], outputs: [y, indices], attributes }, dy) => [
    maxPoolGradient(op, { x, y, indices, dy, slides: windowsOver(x, attributes) }),
  ],
  MaxUnpool: (op, { inputs: [x, indices] }, dy) => {
    const chosen = op.Gather(op.Reshape(dy, op.ints([-1])), op.Reshape(indices, op.ints([-1])), { axis: 0 })
    return [reshapeLike(op, chosen, x), null, null]
  },
  AveragePool: (op, { inputs: [x], attributes }, dy) => {
    const slides = windowsOver(x, attributes)
    const share = divideByCounts(op, dy, x, slides, attributes.count_include_pad === 1)
    if (!areTiles(slides)) return [addWindows(op, share, x, slides)]
    const kernel = slides.map((slide) => slide.kernel)
    return [padEnds(op, repeatTiles(op, share, kernel), x)]
  },
  GlobalAveragePool: (op, { inputs: [x] }, dy) => {
    const share = op.Mul(dy, op.scalar(1 / elementCount(spatialOf(x)), dy))
    return [expandLike(op, share, x)]
  },
  /** Equal maxima share the cotangent, as in `ReduceMax`: that is what Keras calls a global maximum. */
  GlobalMaxPool: (op, { inputs: [x], outputs: [y] }, dy) => {
    const chosen = op.Cast(op.Equal(x, y), { to: x.type })
    const count = op.ReduceSum(chosen, op.ints(spatialOf(x).map((_, i) => i + 2)), {})
    return [op.Mul(chosen, op.Div(dy, count))]
  },
} satisfies VjpRules<'MaxPool' | 'MaxUnpool' | 'AveragePool' | 'GlobalAveragePool' | 'GlobalMaxPool'>

/** dy over the number of places that each window averaged; at padded edges these are fewer, axis by axis. */
function divideByCounts(op: Builder, dy: Real, x: Real, slides: readonly Slide[], padsCount: boolean): Real {
  const whole = op.Mul(dy, op.scalar(1 / elementCount(slides.map(({ kernel }) => kernel)), dy))
  if (padsCount) return whole
  return slides.reduce((share, slide, i) => {
    if (slide.before === 0 && slide.after === 0) return share
    const [length, count] = [spatialOf(x)[i] as number, spatialOf(dy)[i] as number]
    const factors = Array.from({ length: count }, (_, at) => slide.kernel / realPlaces(slide, length, at))
    const shape = [count, ...slides.slice(i + 1).map(() => 1)]
    return op.Mul(share, op.constant(tensorOf(dy.type, factors, shape)))
  }, whole)
}

/** How many places of a window lie inside the axis. */
function realPlaces({ kernel, stride, dilation, before }: Slide, length: number, at: number): number {
  const places = Array.from({ length: kernel }, (_, i) => at * stride - before + i * dilation)
  return places.filter((place) => place >= 0 && place < length).length
}

/** Sums the cotangents of all windows that a place lies in: a transposed convolution with ones, channel by channel. */
function addWindows(op: Builder, share: Real, x: Real, slides: readonly Slide[]): Real {
  const kernel = slides.map(({ kernel: length }) => length)
  const ones = op.constant(tensorOf(share.type, new Float32Array(elementCount(kernel)).fill(1), [1, 1, ...kernel]))
  const [lengths, counts] = [spatialOf(x), spatialOf(share)]
  const planes = op.ConvTranspose(op.Reshape(share, op.ints([-1, 1, ...counts])), ones, null, {
    ...placementOf(slides),
    output_padding: lengths.map((length, i) => length - reachOf(slides[i] as Slide, counts[i] as number)),
  })
  return reshapeLike(op, planes, x)
}
