/** Reshape: the same values in other axes. */
import { Type } from 'typebox'
import { PositiveInteger } from '../strict.ts'
import { defineLayer, layerConfig } from './layer.ts'

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1)

/**
 * Shapes: [batch, …] → [batch, …target_shape], row-major. One length of `target_shape` may be -1: what is left.
 * @throws {Problem} shape_mismatch where the number of values differs
 * @see https://keras.io/api/layers/reshaping_layers/reshape/
 */
export const Reshape = defineLayer({
  config: layerConfig(
    'Reshape',
    {
      target_shape: Type.Unsafe<readonly number[]>({
        type: 'array',
        items: { anyOf: [{ const: -1 }, PositiveInteger] },
        maxItems: 8,
        description: 'Without the batch axis; one length may be -1',
      }),
    },
    'The same values in other axes',
  ),
  misfit: ({ target_shape }, inputShape) => {
    const open = target_shape.filter((length) => length === -1).length
    if (open > 1) return `a target_shape with at most one -1 instead of [${target_shape}]`
    const known = product(target_shape.filter((length) => length !== -1))
    const total = product(inputShape)
    const fits = open === 1 ? total % known === 0 : total === known
    return fits ? null : `${open === 1 ? `a multiple of ${known}` : known} values for target_shape [${target_shape}]`
  },
  keepsValues: true,
  call: (op, x, _weights, { target_shape }) => op.Reshape(x, op.ints([0, ...target_shape])),
})
