/** RepeatVector: the same features in each of n steps. */
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'

/**
 * Shapes: [batch, features] → [batch, n, features].
 * @throws {Problem} shape_mismatch where a sample has not one axis
 * @see https://keras.io/api/layers/reshaping_layers/repeat_vector/
 */
export const RepeatVector = defineLayer({
  config: layerConfig('RepeatVector', { n: PositiveInteger }, 'The same features in each of n steps'),
  misfit: (_config, { length }) => (length === 1 ? null : 'samples with one axis'),
  keepsValues: true,
  call: (op, x, _weights, { n }) => op.Tile(op.Unsqueeze(x, op.ints([1])), op.ints([1, n, 1])),
})
