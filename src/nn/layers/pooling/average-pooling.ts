/** AveragePooling1D, AveragePooling2D, AveragePooling3D: the mean of every window. */
import { defineLayer, layerConfig } from '../layer.ts'
import { placesMisfit, type Rank } from '../spatial-arguments.ts'
import { poolArguments, poolsOver } from './windows.ts'

/**
 * The mean of each channel in every window, divided by the places that are there: what lies over an edge is not counted.
 * Shapes: [batch, …places, channels] → [batch, …windows, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes or a window does not fit
 * @see https://keras.io/api/layers/pooling_layers/average_pooling2d/
 */
function defineAveragePooling(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(type, poolArguments(rank), 'The mean of every window'),
    misfit: (config, inputShape) => placesMisfit(rank, config, inputShape),
    keepsValues: true,
    layout: 'channels_first',
    call: (op, x, _weights, config) => op.AveragePool(x, poolsOver(x, rank, config)),
  })
}

export const AveragePooling1D = defineAveragePooling('AveragePooling1D', 1)
export const AveragePooling2D = defineAveragePooling('AveragePooling2D', 2)
export const AveragePooling3D = defineAveragePooling('AveragePooling3D', 3)
