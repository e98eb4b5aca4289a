/** ActivityRegularization: a penalty on the values that pass. */
import type { Given } from '../../named.ts'
import { NonNegative } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'

/**
 * y = x, and l1·Σ|x| + l2·Σx² is added to the loss, divided by the size of the batch. Shapes: the same in and out.
 * @see https://keras.io/api/layers/regularization_layers/activity_regularization/
 */
export const ActivityRegularization = defineLayer({
  config: layerConfig(
    'ActivityRegularization',
    { l1: { ...NonNegative, default: 0 }, l2: { ...NonNegative, default: 0 } },
    'A penalty on the values that pass',
  ),
  keepsValues: true,
  layout: 'any',
  mask: 'passes',
  call: (_op, x, _weights, { l1, l2 }, { penalize }) => {
    penalize(x, { name: 'l1_l2', l1, l2 } as Given)
    return x
  },
})
