/** Input: the shape of one sample. */
import { Type } from 'typebox'
import { PositiveInteger } from '../strict.ts'
import { defineLayer, type LayerConfig, layerConfig } from './layer.ts'

/**
 * Where the data comes in. `shape` is that of one sample, without the batch axis; null (or no `Input` at all) takes it
 * from the data of the first training, a null in it only the length of that axis.
 */
export const Input = defineLayer({
  config: layerConfig(
    'Input',
    {
      shape: Type.Unsafe<readonly (number | null)[] | null>({
        anyOf: [Type.Array({ anyOf: [PositiveInteger, Type.Null()] }, { minItems: 1, maxItems: 8 }), Type.Null()],
        default: null,
      }),
    },
    'Where the data comes in',
  ),
  keepsValues: true,
  call: (_op, x) => x,
})

/** The shape of an `Input` as it was written; null where nothing is said of it. */
export function declaredShape(layer: LayerConfig): readonly (number | null)[] | null {
  return (layer as { shape?: readonly (number | null)[] | null }).shape ?? null
}
