/** What the rules of spatial operators share: the windows of a node, and the axes of images as numbers. */
import type { Builder } from '../onnx/builder.ts'
import { fixedShape } from '../onnx/dims.ts'
import { tensorOf } from '../onnx/tensor.ts'
import type { Real, Value } from '../onnx/value.ts'
import { padsOf, type Slide, slidesOf, type WindowAttributes } from '../onnx/windows.ts'
import { padAxes } from './pad-axes.ts'
import { reshapeTarget } from './shapes.ts'

/** The lengths of the spatial axes of [batch, channels, …spatial]. Throws where one is open: it is bound before training. */
export function spatialOf(x: Value): readonly number[] {
  const lengths = fixedShape(x.shape.slice(2))
  if (!lengths) throw new Error(`the gradient of windows over ${x.name} needs known lengths, received [${x.shape}]`)
  return lengths
}

/** The windows over `x`; the kernel's lengths are those of the weights, or `kernel_shape`. */
export function windowsOver(x: Value, attributes: WindowAttributes, w?: Value): Slide[] {
  return slidesOf(attributes, w ? spatialOf(w) : (attributes.kernel_shape ?? []), x.shape.slice(2))
}

/** The attributes that place windows, `kernel_shape` apart. */
export function placementOf(slides: readonly Slide[]) {
  return {
    strides: slides.map(({ stride }) => stride),
    dilations: slides.map(({ dilation }) => dilation),
    pads: padsOf(slides),
  }
}

/** `x` in another shape with the batch, which is axis 0 of both, kept; the one open axis is worked out. */
export function regroup(op: Builder, x: Real, shape: readonly (number | string)[]): Real {
  const target = reshapeTarget(op, shape)
  if (!target) throw new Error(`more than one open axis in [${shape}]`)
  return op.Reshape(x, target)
}

const spatialAxes = (x: Value) => spatialOf(x).map((_, i) => i + 2)

/** Each element repeated over its tile. */
export function repeatTiles(op: Builder, x: Real, kernel: readonly number[]): Real {
  const attributes = {
    axes: spatialAxes(x),
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  } as const
  return op.Resize(x, null, op.constant(tensorOf('float32', kernel)), null, attributes)
}

/** `x` without what lies behind the last of `counts` tiles. */
export function cropEnds(op: Builder, x: Real, slides: readonly Slide[], counts: readonly number[]): Real {
  const ends = slides.map(({ kernel }, i) => kernel * (counts[i] as number))
  if (ends.every((end, i) => end === spatialOf(x)[i])) return x
  return op.Slice(x, op.ints(ends.map(() => 0)), op.ints(ends), op.ints(spatialAxes(x)), null)
}

/** `dx` with zeros behind, until it is as long as `x`. */
export function padEnds(op: Builder, dx: Real, x: Value): Real {
  const rest = spatialOf(x).map((length, i) => length - (spatialOf(dx)[i] as number))
  if (rest.every((length) => length === 0)) return dx
  return padAxes(op, dx, spatialAxes(x), [], rest)
}
