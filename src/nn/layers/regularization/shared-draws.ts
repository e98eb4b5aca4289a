/** Draws that several values share. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'

/** A value of the shape of the draws: along `axes` the first element stands for all. */
export function firstAlong(op: Builder, x: Real, axes: readonly number[]): Real {
  if (axes.length === 0) return x
  const each = (value: number) => op.ints(axes.map(() => value))
  return op.Slice(x, each(0), each(1), op.ints(axes), null)
}
