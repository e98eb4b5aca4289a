/** UnitNormalization: every sample divided by its Euclidean length. */
import { defineLayer, layerConfig } from '../layer.ts'
import { AxesArgument, axesMisfit, axesOf, placeOf } from './axes.ts'

/** Shorter vectors are divided by this, so that zeros stay zeros. */
const shortest = 1e-12

/**
 * y = x / max(‖x‖₂, 1e-12), the length over `axis`. Shapes: the same in and out.
 * @throws {Problem} shape_mismatch where the samples have no such axis
 * @see https://keras.io/api/layers/normalization_layers/unit_normalization/
 */
export const UnitNormalization = defineLayer({
  config: layerConfig('UnitNormalization', { axis: AxesArgument }, 'Every sample divided by its Euclidean length'),
  misfit: ({ axis }, inputShape) => axesMisfit(axis, inputShape),
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { axis }, { channelAxis }) => {
    const rank = x.shape.length
    const over = op.ints(axesOf(axis, rank).map((at) => placeOf(at, rank, channelAxis)))
    const squares = op.ReduceSum(op.Mul(x, x), over, { keepdims: 1 })
    // the limit is inside of the root, whose slope at 0 is infinite
    return op.Div(x, op.Sqrt(op.Max([squares, op.scalar(shortest ** 2, squares)])))
  },
})
