/** SpatialDropout1D, 2D, 3D: drop whole feature maps while training. */
import { Type } from 'typebox'
import { Seed } from '../../strict.ts'
import { defineLayer, type Layer, layerConfig } from '../layer.ts'
import { firstPlace } from '../place-axes.ts'
import { DataFormatArgument } from '../spatial-arguments.ts'
import { purposeOf } from './normal.ts'
import { firstAlong } from './shared-draws.ts'

const rate = Type.Number({ minimum: 0, maximum: 1 })

/**
 * While training each channel of a sample is 0 in all places with probability `rate`, else x / (1 - rate); in inference
 * y = x. Shapes: the same in and out, [batch, …places, channels], or [batch, channels, …places] with `channels_first`.
 * @throws {Problem} shape_mismatch where the number of places' axes is another
 * @see Tompson et al. 2014, https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
 */
function defineSpatialDropout<const T extends string>(type: T, places: 1 | 2 | 3): Layer {
  const formats = places === 1 ? {} : { data_format: DataFormatArgument }
  return defineLayer({
    config: layerConfig(type, { rate, ...formats, seed: Seed }, 'Drops whole feature maps while training'),
    misfit: (_config, { length }) => (length === places + 1 ? null : `samples with ${places + 1} axes`),
    keepsValues: true,
    layout: 'any',
    mask: 'passes',
    call: (op, x, _weights, config, { training, uniform, layerName, channelAxis }) => {
      if (!training || config.rate === 0) return x
      const shared = Array.from({ length: places }, (_, i) => firstPlace(channelAxis) + i)
      const draws = uniform(firstAlong(op, x, shared), purposeOf(config.seed, layerName))
      const kept = op.Cast(op.GreaterOrEqual(draws, op.scalar(config.rate, draws)), { to: x.type })
      const scale = config.rate === 1 ? 0 : 1 / (1 - config.rate)
      return op.Mul(x, op.Mul(kept, op.scalar(scale, kept)))
    },
  })
}

export const SpatialDropout1D = defineSpatialDropout('SpatialDropout1D', 1)
export const SpatialDropout2D = defineSpatialDropout('SpatialDropout2D', 2)
export const SpatialDropout3D = defineSpatialDropout('SpatialDropout3D', 3)
