/** The context of a model in inference mode: nothing is dropped, nothing is drawn. */
import type { CallContext } from '../nn/layers/layer.ts'

export const noNoise: CallContext = {
  training: false,
  uniform: (_like, purpose) => {
    throw new Error(`${purpose} asks for noise in inference mode`)
  },
}
