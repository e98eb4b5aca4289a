/** GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D: the largest value of each channel. */
import { defineLayer, layerConfig } from '../layer.ts'
import { placeAxes } from '../place-axes.ts'
import { placesMisfit, type Rank } from '../spatial-arguments.ts'
import { flag, globalArguments } from './global-arguments.ts'

/**
 * The largest value of each channel over all places.
 * Shapes: [batch, …places, channels] → [batch, channels], or [batch, 1, …, channels] with `keepdims`.
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
 */
function defineGlobalMaxPooling(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(type, globalArguments, 'The largest value of each channel'),
    misfit: (config, inputShape) => placesMisfit(rank, config, inputShape),
    keepsValues: true,
    layout: 'any',
    call: (op, x, _weights, { keepdims }, { channelAxis }) =>
      op.ReduceMax(x, placeAxes(op, rank, channelAxis), { keepdims: flag(keepdims) }),
  })
}

export const GlobalMaxPooling1D = defineGlobalMaxPooling('GlobalMaxPooling1D', 1)
export const GlobalMaxPooling2D = defineGlobalMaxPooling('GlobalMaxPooling2D', 2)
export const GlobalMaxPooling3D = defineGlobalMaxPooling('GlobalMaxPooling3D', 3)
