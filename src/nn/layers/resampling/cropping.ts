/** Cropping1D, Cropping2D, Cropping3D: the places of a sample without its edges. */
import { defineLayer, layerConfig } from '../layer.ts'
import { placeAxes } from '../place-axes.ts'
import { DataFormatArgument, placesMisfit, placesOf, type Rank } from '../spatial-arguments.ts'
import { type Edges, EdgesArgument, endsOf } from './edges.ts'

/** Behind the end of any axis. */
const toTheEnd = 2 ** 31

/**
 * What is left between the ends of every axis of places.
 * Shapes: [batch, …places, channels] → [batch, …places - both ends, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes, or nothing would be left
 * @see https://keras.io/api/layers/reshaping_layers/cropping2d/
 */
function defineCropping(type: string, rank: Rank, fallback: Edges) {
  return defineLayer({
    config: layerConfig(
      type,
      { cropping: EdgesArgument(rank, fallback), data_format: DataFormatArgument },
      'The places of a sample without its edges',
    ),
    misfit: (config, inputShape) => {
      const wrong = placesMisfit(rank, config, inputShape)
      if (wrong !== null) return wrong
      const lengths = placesOf(config, inputShape)
      const left = endsOf(config.cropping, rank).every(([before, after], axis) => before + after < (lengths[axis] ?? 0))
      return left ? null : `an input longer than the cropping ${JSON.stringify(config.cropping)} takes off every axis`
    },
    keepsValues: true,
    layout: 'any',
    call: (op, x, _weights, { cropping }, { channelAxis }) => {
      const ends = endsOf(cropping, rank)
      const from = op.ints(ends.map(([before]) => before))
      const to = op.ints(ends.map(([, after]) => (after === 0 ? toTheEnd : -after)))
      return op.Slice(x, from, to, placeAxes(op, rank, channelAxis), null)
    },
  })
}

export const Cropping1D = defineCropping('Cropping1D', 1, [1, 1])
export const Cropping2D = defineCropping('Cropping2D', 2, [
  [0, 0],
  [0, 0],
])
export const Cropping3D = defineCropping('Cropping3D', 3, [
  [1, 1],
  [1, 1],
  [1, 1],
])
