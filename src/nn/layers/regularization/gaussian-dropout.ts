/** GaussianDropout: multiplies by normal noise while training. */
import { Type } from 'typebox'
import { Seed } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { normalLike, purposeOf } from './normal.ts'

/**
 * While training y = x · (1 + √(rate / (1 - rate)) · z) with z standard normal, which has the deviation of a dropout of the
 * same rate; in inference y = x. Shapes: the same in and out.
 * @see Srivastava et al. 2014, https://keras.io/api/layers/regularization_layers/gaussian_dropout/
 */
export const GaussianDropout = defineLayer({
  config: layerConfig(
    'GaussianDropout',
    { rate: Type.Number({ minimum: 0, exclusiveMaximum: 1 }), seed: Seed },
    'Multiplies by normal noise while training',
  ),
  keepsValues: true,
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { rate, seed }, { training, uniform, layerName }) => {
    if (!training || rate === 0) return x
    const z = normalLike(op, x, uniform, purposeOf(seed, layerName))
    return op.Mul(x, op.Add(op.Mul(z, op.scalar(Math.sqrt(rate / (1 - rate)), z)), op.scalar(1, z)))
  },
})
