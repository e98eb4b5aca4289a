/** LeakyReLU: a small slope below zero. */
import { NonNegative } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'

/**
 * y = x above 0, negative_slope · x below. Shapes: the same in and out. The layer's default slope is 0.3, that of the
 * activation `leaky_relu` 0.2, both as in Keras.
 * @see https://keras.io/api/layers/activation_layers/leaky_relu/
 */
export const LeakyReLU = defineLayer({
  config: layerConfig('LeakyReLU', { negative_slope: { ...NonNegative, default: 0.3 } }, 'A small slope below zero'),
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { negative_slope }) => op.LeakyRelu(x, { alpha: negative_slope }),
})
