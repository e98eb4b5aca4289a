/** ZeroPadding1D, ZeroPadding2D, ZeroPadding3D: zeros around the places of a sample. */
import { defineLayer, layerConfig } from '../layer.ts'
import { DataFormatArgument, placesMisfit, type Rank } from '../spatial-arguments.ts'
import { type Edges, EdgesArgument, endsOf } from './edges.ts'

/**
 * Zeros in front of and behind every axis of places.
 * Shapes: [batch, …places, channels] → [batch, …places + both ends, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/reshaping_layers/zero_padding2d/
 */
function defineZeroPadding(type: string, rank: Rank, fallback: Edges) {
  return defineLayer({
    config: layerConfig(
      type,
      { padding: EdgesArgument(rank, fallback), data_format: DataFormatArgument },
      'Zeros around the places of a sample',
    ),
    misfit: (config, inputShape) => placesMisfit(rank, config, inputShape),
    layout: 'any',
    call: (op, x, _weights, { padding }, { channelAxis }) => {
      // of all axes: given the axes alone, ONNX Runtime 1.30 fails where it moves a Transpose past the Pad
      const around = (lengths: readonly number[]) => (channelAxis === 1 ? [0, 0, ...lengths] : [0, ...lengths, 0])
      const ends = endsOf(padding, rank)
      const pads = [...around(ends.map(([before]) => before)), ...around(ends.map(([, after]) => after))]
      return op.Pad(x, op.ints(pads), null, null, {})
    },
  })
}

export const ZeroPadding1D = defineZeroPadding('ZeroPadding1D', 1, 1)
export const ZeroPadding2D = defineZeroPadding('ZeroPadding2D', 2, [1, 1])
export const ZeroPadding3D = defineZeroPadding('ZeroPadding3D', 3, [
  [1, 1],
  [1, 1],
  [1, 1],
])
