/** Permute: the axes of a sample in another order. */
import { Type } from 'typebox'
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'

/**
 * Axis i of the output is axis `dims[i]` of the input; 1 is the first axis of a sample. Shapes: [batch, a, b] with dims
 * [2, 1] → [batch, b, a].
 * @throws {Problem} shape_mismatch where `dims` does not name each axis once
 * @see https://keras.io/api/layers/reshaping_layers/permute/
 */
export const Permute = defineLayer({
  config: layerConfig(
    'Permute',
    {
      dims: Type.Unsafe<readonly number[]>({
        type: 'array',
        items: PositiveInteger,
        minItems: 1,
        maxItems: 8,
        uniqueItems: true,
        description: 'Each axis of a sample once; 1 is the first',
      }),
    },
    'The axes of a sample in another order',
  ),
  misfit: ({ dims }, { length }) =>
    dims.length === length && dims.every((axis) => axis <= length)
      ? null
      : `samples with ${dims.length} axes, each named once in dims [${dims}]`,
  keepsValues: true,
  call: (op, x, _weights, { dims }) => op.Transpose(x, { perm: [0, ...dims] }),
})
