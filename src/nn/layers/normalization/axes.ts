/** Axis arguments of normalizations. They count as in the definition, the batch first and the channels last. */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'

export type Axes = number | readonly number[]

const axis = { type: 'integer', minimum: -8, maximum: 8 }

/** One axis or several, -1 being the last. */
export const AxesArgument: TUnsafe<Axes> = Type.Unsafe<Axes>({
  anyOf: [axis, { type: 'array', items: axis, minItems: 1, maxItems: 8 }],
  default: -1,
})

/** The axes of values of `rank` axes, batch included, counted from the front and in order. */
export function axesOf(given: Axes, rank: number): readonly number[] {
  const list = typeof given === 'number' ? [given] : given
  return [...new Set(list.map((at) => (at < 0 ? at + rank : at)))].sort((a, b) => a - b)
}

/** The lengths of the axes in one sample. */
export function lengthsAt(given: Axes, inputShape: readonly number[]): readonly number[] {
  return axesOf(given, inputShape.length + 1).map((at) => inputShape[at - 1] ?? 1)
}

/** An axis that the samples do not have, or that of the batch. */
export function axesMisfit(given: Axes, inputShape: readonly number[]): string | null {
  const fits = axesOf(given, inputShape.length + 1).every((at) => at >= 1 && at <= inputShape.length)
  return fits ? null : `samples that have the axis ${JSON.stringify(given)} (0 is the batch, -1 the last)`
}

/** Where the axis `at` of the definition stands in values with their channels at `channelAxis`. */
export function placeOf(at: number, rank: number, channelAxis: 1 | -1): number {
  if (channelAxis === -1 || at === 0) return at
  return at === rank - 1 ? 1 : at + 1
}

/** All axes but those given. */
export function otherAxes(axes: readonly number[], rank: number): number[] {
  return Array.from({ length: rank }, (_, at) => at).filter((at) => !axes.includes(at))
}

/** A weight with one axis for each of `axes`, so that it is broadcast along them in values like `x`. */
export function along(op: Builder, weight: Real, axes: readonly number[], x: Real, channelAxis: 1 | -1): Real {
  const rank = x.shape.length
  const [only = 0] = axes
  if (axes.length === 1) {
    const behind = rank - 1 - placeOf(only, rank, channelAxis)
    return behind === 0 ? weight : op.Reshape(weight, op.ints([-1, ...new Array<number>(behind).fill(1)]))
  }
  const lengths = new Array<number>(rank).fill(1)
  axes.forEach((at, i) => {
    lengths[at] = Number(weight.shape[i] ?? 1)
  })
  const spread = op.Reshape(weight, op.ints(lengths))
  if (channelAxis === -1) return spread
  const perm = new Array<number>(rank).fill(0)
  for (let at = 0; at < rank; at++) perm[placeOf(at, rank, channelAxis)] = at
  return op.Transpose(spread, { perm })
}
