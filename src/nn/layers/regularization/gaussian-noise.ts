/** GaussianNoise: adds normal noise while training. */
import { NonNegative, Seed } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { normalLike, purposeOf } from './normal.ts'

/**
 * While training y = x + stddev · z with z standard normal; in inference y = x. Shapes: the same in and out.
 * @see https://keras.io/api/layers/regularization_layers/gaussian_noise/
 */
export const GaussianNoise = defineLayer({
  config: layerConfig('GaussianNoise', { stddev: NonNegative, seed: Seed }, 'Adds normal noise while training'),
  keepsValues: true,
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { stddev, seed }, { training, uniform, layerName }) => {
    if (!training || stddev === 0) return x
    const z = normalLike(op, x, uniform, purposeOf(seed, layerName))
    return op.Add(x, op.Mul(z, op.scalar(stddev, z)))
  },
})
