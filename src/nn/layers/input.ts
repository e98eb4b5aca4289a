/** Input: the shape of one sample. */
import { Type } from 'typebox'
import { PositiveInteger } from '../strict.ts'
import { defineLayer, layerConfig } from './layer.ts'

/**
 * Where the data comes in. `shape` is that of one sample, without the batch axis; null (or no `Input` at all) takes it
 * from the data of the first training.
 */
export const Input = defineLayer({
  config: layerConfig(
    'Input',
    {
      shape: Type.Unsafe<readonly number[] | null>({
        anyOf: [Type.Array(PositiveInteger, { minItems: 1, maxItems: 8 }), Type.Null()],
        default: null,
      }),
    },
    'Where the data comes in',
  ),
  keepsValues: true,
  call: (_op, x) => x,
})
