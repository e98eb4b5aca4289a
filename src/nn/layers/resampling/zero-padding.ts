/** ZeroPadding1D, ZeroPadding2D, ZeroPadding3D: zeros around the places of a sample. */
import { defineLayer, layerConfig } from '../layer.ts'
import { placeAxes } from '../place-axes.ts'
import { DataFormatArgument, everyAxis, placesMisfit, type Rank } from '../spatial-arguments.ts'
import { EdgesArgument, endsOf } from './edges.ts'

/**
 * Zeros in front of and behind every axis of places.
 * Shapes: [batch, …places, channels] → [batch, …places + both ends, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/reshaping_layers/zero_padding2d/
 */
function defineZeroPadding(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(
      type,
      { padding: EdgesArgument(rank, everyAxis(rank, 1)), data_format: DataFormatArgument },
      'Zeros around the places of a sample',
    ),
    misfit: (config, inputShape) => placesMisfit(rank, config, inputShape),
    layout: 'any',
    call: (op, x, _weights, { padding }, { channelAxis }) => {
      const ends = endsOf(padding, rank)
      const pads = op.ints([...ends.map(([before]) => before), ...ends.map(([, after]) => after)])
      return op.Pad(x, pads, null, placeAxes(op, rank, channelAxis), {})
    },
  })
}

export const ZeroPadding1D = defineZeroPadding('ZeroPadding1D', 1)
export const ZeroPadding2D = defineZeroPadding('ZeroPadding2D', 2)
export const ZeroPadding3D = defineZeroPadding('ZeroPadding3D', 3)
