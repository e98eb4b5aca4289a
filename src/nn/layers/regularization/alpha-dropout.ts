/** AlphaDropout: the dropout that keeps the mean and variance of self-normalizing networks. */
import { Type } from 'typebox'
import { Seed } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { NoiseShapeArgument, noiseShapeMisfit, shapeOfDraws } from './noise-shape.ts'
import { purposeOf } from './normal.ts'

/** Where SELU saturates: -alpha · scale. */
const saturated = -1.6732632423543772 * 1.0507009873554805

/**
 * While training each value becomes SELU's smallest with probability `rate`; then all are scaled and moved so that mean 0
 * and variance 1 stay. In inference y = x. Shapes: the same in and out. `noise_shape` as in Dropout.
 * @see Klambauer et al. 2017, https://keras.io/api/layers/regularization_layers/alpha_dropout/
 */
export const AlphaDropout = defineLayer({
  config: layerConfig(
    'AlphaDropout',
    { rate: Type.Number({ minimum: 0, exclusiveMaximum: 1 }), noise_shape: NoiseShapeArgument, seed: Seed },
    'Dropout for networks of SELU',
  ),
  misfit: ({ noise_shape }, inputShape) => noiseShapeMisfit(noise_shape, inputShape),
  keepsValues: true,
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { rate, noise_shape, seed }, { training, uniform, layerName, channelAxis }) => {
    if (!training || rate === 0) return x
    const draws = uniform(shapeOfDraws(op, x, noise_shape, channelAxis), purposeOf(seed, layerName))
    const kept = op.GreaterOrEqual(draws, op.scalar(rate, draws))
    const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * saturated ** 2))
    const moved = op.Mul(op.Where(kept, x, op.scalar(saturated, x)), op.scalar(scale, x))
    return op.Add(moved, op.scalar(-scale * saturated * rate, x))
  },
})
