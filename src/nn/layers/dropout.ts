/** Dropout: sets a random part of the values to zero while training. */
import { Type } from 'typebox'
import { Seed } from '../strict.ts'
import { defineLayer, layerConfig } from './layer.ts'
import { NoiseShapeArgument, noiseShapeMisfit, shapeOfDraws } from './regularization/noise-shape.ts'
import { purposeOf } from './regularization/normal.ts'

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
      noise_shape: NoiseShapeArgument,
      seed: Seed,
    },
    'Sets a random part of the values to zero while training',
  ),
  misfit: ({ noise_shape }, inputShape) => noiseShapeMisfit(noise_shape, inputShape),
  keepsValues: true,
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { rate, noise_shape, seed }, { training, uniform, layerName, channelAxis }) => {
    if (!training || rate === 0) return x
    const draws = uniform(shapeOfDraws(op, x, noise_shape, channelAxis), purposeOf(seed, layerName))
    const kept = op.Cast(op.GreaterOrEqual(draws, op.scalar(rate, draws)), { to: x.type })
    const scale = rate === 1 ? 0 : 1 / (1 - rate)
    return op.Mul(x, op.Mul(kept, op.scalar(scale, kept)))
  },
})
