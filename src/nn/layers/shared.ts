/** Shared: another call of a layer that stands before it, with that layer's weights. */
import { Type } from 'typebox'
import { defineLayer, layerConfig } from './layer.ts'

/**
 * `of` names the layer whose arguments and weights are used once more, on other inputs (siamese networks). Its parameters
 * are counted once. The model calls the layer named in its place.
 */
export const Shared = defineLayer({
  config: layerConfig('Shared', { of: Type.String({ minLength: 1, maxLength: 256 }) }, 'Another call of a layer'),
  call: () => {
    throw new Error('a Shared layer is called as the one it names')
  },
})
