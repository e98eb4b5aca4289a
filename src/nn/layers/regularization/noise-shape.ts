/** `noise_shape`: which values of a dropout share their draw. */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { PositiveInteger } from '../../strict.ts'
import { firstAlong } from './shared-draws.ts'

/** The lengths of the draws, the batch first: 1 where an axis shares its draw, null for the input's length. */
export type NoiseShape = readonly (number | null)[] | null

export const NoiseShapeArgument: TUnsafe<NoiseShape> = Type.Unsafe<NoiseShape>({
  anyOf: [Type.Array({ anyOf: [PositiveInteger, Type.Null()] }, { minItems: 1 }), Type.Null()],
  default: null,
})

export function noiseShapeMisfit(noiseShape: NoiseShape, inputShape: readonly number[]): string | null {
  if (noiseShape === null) return null
  const lengths = [null, ...inputShape]
  const fits =
    noiseShape.length === lengths.length &&
    noiseShape.every((length, axis) => length === null || length === 1 || length === lengths[axis])
  return fits ? null : `an input that noise_shape ${JSON.stringify(noiseShape)} fits (1, null or the same length)`
}

/** A value of the shape of the draws: where `noise_shape` says 1, the first element of the axis stands for all. */
export function shapeOfDraws(op: Builder, x: Real, noiseShape: NoiseShape, channelAxis: 1 | -1): Real {
  const placed = channelAxis === 1 ? channelsMoved(noiseShape) : noiseShape
  return firstAlong(
    op,
    x,
    (placed ?? []).flatMap((length, axis) => (length === 1 ? [axis] : [])),
  )
}

/** The lengths in the order of values whose channels come right after the batch. */
function channelsMoved(shape: NoiseShape): NoiseShape {
  if (shape === null || shape.length < 3) return shape
  return [shape[0] ?? null, shape.at(-1) ?? null, ...shape.slice(1, -1)]
}
