/** Identity: what comes in. */
import { defineLayer, layerConfig } from './layer.ts'

/**
 * y = x: a place with a name. Shapes: the same in and out.
 * @see https://keras.io/api/layers/core_layers/identity/
 */
export const Identity = defineLayer({
  config: layerConfig('Identity', {}, 'What comes in'),
  keepsValues: true,
  layout: 'any',
  mask: 'passes',
  call: (_op, x) => x,
})
