/** Undoes broadcasting: the cotangent of a broadcast input is the sum over the axes that were repeated. */
import type { Builder } from '../onnx/builder.ts'
import { formatShape, type Shape, sameShape } from '../onnx/dims.ts'
import type { Real } from '../onnx/value.ts'

/** `dy` summed to `shape`, which broadcasts to the shape of `dy`. No node where they are the same. */
export function sumTo(op: Builder, dy: Real, shape: Shape): Real {
  if (sameShape(dy.shape, shape)) return dy
  const extra = dy.shape.length - shape.length
  const fits = dy.shape.slice(Math.max(extra, 0)).every((dim, axis) => dim === shape[axis] || shape[axis] === 1)
  if (extra < 0 || !fits) {
    throw new Error(`a gradient rule gave ${formatShape(dy.shape)} for a value of shape ${formatShape(shape)}`)
  }
  const leading = Array.from({ length: extra }, (_, axis) => axis)
  const repeated = dy.shape.flatMap((dim, axis) =>
    dim !== 1 && (axis < extra || shape[axis - extra] === 1) ? [axis] : [],
  )
  if (extra > 0 && repeated.length === extra && repeated.every((axis) => axis < extra)) {
    return op.ReduceSum(dy, op.ints(leading), { keepdims: 0 })
  }
  const summed = repeated.length > 0 ? op.ReduceSum(dy, op.ints(repeated), { keepdims: 1 }) : dy
  return extra > 0 ? op.Squeeze(summed, op.ints(leading)) : summed
}
