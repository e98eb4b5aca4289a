/** Dropout: sets a random part of the values to zero while training. */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { PositiveInteger, Seed } from '../strict.ts'
import { defineLayer, layerConfig } from './layer.ts'

/**
 * While training each value is 0 with probability `rate`, else x / (1 - rate), so that the expectation stays; in
 * inference y = x. Shapes: the same in and out. `noise_shape` counts the batch axis: an axis of 1 there shares its draw,
 * null takes the input's length.
 * @throws {Problem} shape_mismatch where `noise_shape` does not fit the input
 * @see Srivastava et al. 2014, https://keras.io/api/layers/regularization_layers/dropout/
 */
export const Dropout = defineLayer({
  config: layerConfig(
    'Dropout',
    {
      rate: Type.Number({ minimum: 0, maximum: 1 }),
      noise_shape: Type.Unsafe<readonly (number | null)[] | null>({
        anyOf: [Type.Array({ anyOf: [PositiveInteger, Type.Null()] }, { minItems: 1 }), Type.Null()],
        default: null,
      }),
      seed: Seed,
    },
    'Sets a random part of the values to zero while training',
  ),
  misfit: ({ noise_shape }, inputShape) => {
    if (noise_shape === null) return null
    const lengths = [null, ...inputShape]
    const fits =
      noise_shape.length === lengths.length &&
      noise_shape.every((length, axis) => length === null || length === 1 || length === lengths[axis])
    return fits ? null : `an input that noise_shape ${JSON.stringify(noise_shape)} fits (1, null or the same length)`
  },
  keepsValues: true,
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { rate, noise_shape, seed }, { training, uniform, layerName, channelAxis }) => {
    if (!training || rate === 0) return x
    const draws = uniform(
      sharedAxes(op, x, channelAxis === 1 ? channelsMoved(noise_shape) : noise_shape),
      seed === null ? layerName : `seed ${seed}`,
    )
    const kept = op.Cast(op.GreaterOrEqual(draws, op.scalar(rate, draws)), { to: x.type })
    const scale = rate === 1 ? 0 : 1 / (1 - rate)
    return op.Mul(x, op.Mul(kept, op.scalar(scale, kept)))
  },
})

/** A value of the shape of the draws: where `noise_shape` says 1, the first element of the axis stands for all. */
function sharedAxes(op: Builder, x: Real, noiseShape: readonly (number | null)[] | null): Real {
  const shared = (noiseShape ?? []).flatMap((length, axis) => (length === 1 ? [axis] : []))
  if (shared.length === 0) return x
  const each = (value: number) => op.ints(shared.map(() => value))
  return op.Slice(x, each(0), each(1), op.ints(shared), null)
}

/** The lengths in the order of values whose channels come right after the batch. */
function channelsMoved(shape: readonly (number | null)[] | null): readonly (number | null)[] | null {
  if (shape === null || shape.length < 3) return shape
  return [shape[0] ?? null, shape.at(-1) ?? null, ...shape.slice(1, -1)]
}
