/** What the rules of spatial operators share: the windows of a node, and the axes of images as numbers. */
import type { Builder } from '../onnx/builder.ts'
import { fixedShape } from '../onnx/dims.ts'
import type { Real, Value } from '../onnx/value.ts'
import { type Slide, slidesOf, type WindowAttributes } from '../onnx/windows.ts'
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

/** `x` in another shape with the batch, which is axis 0 of both, kept; the one open axis is worked out. */
export function regroup(op: Builder, x: Real, shape: readonly (number | string)[]): Real {
  const target = reshapeTarget(op, shape)
  if (!target) throw new Error(`more than one open axis in [${shape}]`)
  return op.Reshape(x, target)
}
