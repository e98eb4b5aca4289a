/** MaxPooling1D, MaxPooling2D, MaxPooling3D: the largest value of every window. */
import { defineLayer, layerConfig } from '../layer.ts'
import { placesMisfit, type Rank } from '../spatial-arguments.ts'
import { poolArguments, poolsOver } from './windows.ts'

/**
 * The largest value of each channel in every window; what lies over an edge counts for nothing.
 * Shapes: [batch, …places, channels] → [batch, …windows, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes or a window does not fit
 * @see https://keras.io/api/layers/pooling_layers/max_pooling2d/
 */
function defineMaxPooling(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(type, poolArguments(rank, 2), 'The largest value of every window'),
    misfit: (config, inputShape) => placesMisfit(rank, config, inputShape),
    keepsValues: true,
    layout: 'channels_first',
    call: (op, x, _weights, config) => op.MaxPool(x, poolsOver(x, rank, config))[0],
  })
}

export const MaxPooling1D = defineMaxPooling('MaxPooling1D', 1)
export const MaxPooling2D = defineMaxPooling('MaxPooling2D', 2)
export const MaxPooling3D = defineMaxPooling('MaxPooling3D', 3)
