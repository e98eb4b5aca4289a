/** LayerNormalization: every sample with its own mean and variance. */
import { defineLayer, layerConfig } from '../layer.ts'
import { Epsilon, scaleAndCenter, scaleAndCenterWeights } from './arguments.ts'
import { AxesArgument, along, axesMisfit, axesOf, lengthsAt, placeOf } from './axes.ts'
import { scaledAndCentered, standardized } from './moments.ts'

/**
 * y = gamma·(x - mean)/√(variance + epsilon) + beta, mean and variance (of the population) over `axis`.
 * Shapes: the same in and out. gamma ones and beta zeros, of the lengths of `axis`.
 * @throws {Problem} shape_mismatch where the samples have no such axis
 * @see Ba et al. 2016, https://keras.io/api/layers/normalization_layers/layer_normalization/
 */
export const LayerNormalization = defineLayer({
  config: layerConfig(
    'LayerNormalization',
    { axis: AxesArgument, epsilon: Epsilon, ...scaleAndCenter },
    'Every sample with its own mean and variance',
  ),
  misfit: ({ axis }, inputShape) => axesMisfit(axis, inputShape),
  weights: (config, inputShape) => scaleAndCenterWeights(config, lengthsAt(config.axis, inputShape)),
  layout: 'any',
  mask: 'passes',
  call: (op, x, { gamma, beta }, { axis, epsilon }, { channelAxis }) => {
    const rank = x.shape.length
    const axes = axesOf(axis, rank)
    const normal = standardized(
      op,
      x,
      axes.map((at) => placeOf(at, rank, channelAxis)),
      epsilon,
    )
    const spread = (weight: typeof gamma) => weight && along(op, weight, axes, x, channelAxis)
    return scaledAndCentered(op, normal, spread(gamma), spread(beta))
  },
})
