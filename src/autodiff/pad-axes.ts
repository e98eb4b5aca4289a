/** Padding of some axes. */
import type { Builder } from '../onnx/builder.ts'
import type { Real } from '../onnx/value.ts'

/**
 * Zeros before and behind the given axes, or places taken off where the numbers are below 0. All axes are told: given some
 * of them as an input of its own, ONNX Runtime 1.30 fails where it moves a Transpose past the Pad.
 */
export function padAxes(
  op: Builder,
  x: Real,
  axes: readonly number[],
  before: readonly number[],
  after: readonly number[],
): Real {
  const all = (lengths: readonly number[]) =>
    x.shape.map((_, axis) => (axes.includes(axis) ? (lengths[axes.indexOf(axis)] ?? 0) : 0))
  return op.Pad(x, op.ints([...all(before), ...all(after)]), null, null, {})
}
