/** Zeros whose leading axes are those of another value, whatever their lengths will be. */
import type { Builder } from '../onnx/builder.ts'
import { tensorOf } from '../onnx/tensor.ts'
import type { Real } from '../onnx/value.ts'

/** Zeros of the type of `like`, with its axes `axes` (in a row, counted from 0) and one more of length `last`. */
export function zerosOf(op: Builder, like: Real, axes: readonly number[], last: number): Real {
  const [start = 0] = axes
  const leading = op.Shape(like, { start, end: start + axes.length })
  return op.ConstantOfShape(op.Concat([leading, op.ints([last])], { axis: 0 }), { value: tensorOf(like.type, [0]) })
}
