/** ELU: an exponential below zero. */
import { NonNegative } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'

/**
 * y = x above 0, alpha · (eˣ - 1) below. Shapes: the same in and out.
 * @see Clevert et al. 2016, https://keras.io/api/layers/activation_layers/elu/
 */
export const ELU = defineLayer({
  config: layerConfig('ELU', { alpha: { ...NonNegative, default: 1 } }, 'An exponential below zero'),
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { alpha }) => op.Elu(x, { alpha }),
})
