/** Gradient rules of the pools. */
import type { Builder } from '../../onnx/builder.ts'
import { sameShape } from '../../onnx/dims.ts'
import { elementCount, tensorOf } from '../../onnx/tensor.ts'
import type { Real, Value } from '../../onnx/value.ts'
import { areDisjoint, padsOf, reachOf, type Slide, spanOf } from '../../onnx/windows.ts'
import { expandLike, reshapeLike, shapeOf, zerosLike } from '../shapes.ts'
import { spatialOf, windowsOver } from '../spatial.ts'
import type { VjpRules } from '../vjp.ts'

export const pools = {
  /** Of equal maxima the first in row-major order gets the cotangent, as in TensorFlow. */
  MaxPool: (op, { inputs: [x], outputs: [, indices], attributes }, dy) => {
    const slides = windowsOver(x, attributes)
    // MaxUnpool has a float32 kernel only, and writes where it should add when windows share a place
    const unpools = dy.type === 'float32' && areDisjoint(slides)
    return [unpools ? unpool(op, dy, indices, x, slides) : scatterAll(op, dy, indices, x)]
  },
  MaxUnpool: (op, { inputs: [x, indices] }, dy) => {
    const chosen = op.Gather(op.Reshape(dy, op.ints([-1])), op.Reshape(indices, op.ints([-1])), { axis: 0 })
    return [reshapeLike(op, chosen, x), null, null]
  },
  AveragePool: (op, { inputs: [x], attributes }, dy) => {
    const slides = windowsOver(x, attributes)
    const share = divideByCounts(op, dy, x, slides, attributes.count_include_pad === 1)
    return [tilesExactly(slides) ? repeatTiles(op, share, x, slides) : addWindows(op, share, x, slides)]
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

function unpool(op: Builder, dy: Real, indices: Value<'int64'>, x: Real, slides: readonly Slide[]): Real {
  const attributes = {
    kernel_shape: slides.map(spanOf),
    strides: slides.map(({ stride }) => stride),
    pads: padsOf(slides),
  }
  const reached = spatialOf(dy).map((count, i) => reachOf(slides[i] as Slide, count))
  return op.MaxUnpool(dy, indices, sameShape(reached, spatialOf(x)) ? null : shapeOf(op, x), attributes)
}

/** Adds every cotangent to the place that its index names in the whole of x. */
function scatterAll(op: Builder, dy: Real, indices: Value<'int64'>, x: Real): Real {
  const flat = op.ints([-1])
  const zeros = op.Reshape(zerosLike(op, x), flat)
  const sums = op.ScatterElements(zeros, op.Reshape(indices, flat), op.Reshape(dy, flat), { axis: 0, reduction: 'add' })
  return reshapeLike(op, sums, x)
}

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

/** Windows side by side, without pads or gaps. */
function tilesExactly(slides: readonly Slide[]): boolean {
  return slides.every(
    ({ kernel, stride, dilation, before, after }) => stride === kernel && dilation === 1 && before + after === 0,
  )
}

/** Each cotangent repeated over its window, zeros for what no window reached. */
function repeatTiles(op: Builder, share: Real, x: Real, slides: readonly Slide[]): Real {
  const axes = slides.map((_, i) => i + 2)
  const scales = op.constant(
    tensorOf(
      'float32',
      slides.map(({ kernel }) => kernel),
    ),
  )
  const attributes = {
    axes,
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  } as const
  const tiles = op.Resize(share, null, scales, null, attributes)
  const rest = spatialOf(x).map((length, i) => length - (spatialOf(tiles)[i] as number))
  if (rest.every((length) => length === 0)) return tiles
  return op.Pad(tiles, op.ints([...rest.map(() => 0), ...rest]), null, op.ints(axes), {})
}

/** Sums the cotangents of all windows that a place lies in: a transposed convolution with ones, channel by channel. */
function addWindows(op: Builder, share: Real, x: Real, slides: readonly Slide[]): Real {
  const kernel = slides.map(({ kernel: length }) => length)
  const ones = op.constant(tensorOf(share.type, new Float32Array(elementCount(kernel)).fill(1), [1, 1, ...kernel]))
  const [lengths, counts] = [spatialOf(x), spatialOf(share)]
  const planes = op.ConvTranspose(op.Reshape(share, op.ints([-1, 1, ...counts])), ones, null, {
    strides: slides.map(({ stride }) => stride),
    dilations: slides.map(({ dilation }) => dilation),
    pads: padsOf(slides),
    output_padding: lengths.map((length, i) => length - reachOf(slides[i] as Slide, counts[i] as number)),
  })
  return reshapeLike(op, planes, x)
}
