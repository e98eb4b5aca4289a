/** RMSNormalization: every sample divided by the root of its mean square. */
import { Type } from 'typebox'
import { NonNegative } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { AxesArgument, along, axesMisfit, axesOf, lengthsAt, placeOf } from './axes.ts'

/**
 * y = scale·x/√(mean of x² + epsilon), the mean over `axis`. Shapes: the same in and out. scale ones, of the lengths of `axis`.
 * @throws {Problem} shape_mismatch where the samples have no such axis
 * @see Zhang & Sennrich 2019, https://keras.io/api/layers/normalization_layers/rms_normalization/
 */
export const RMSNormalization = defineLayer({
  config: layerConfig(
    'RMSNormalization',
    { axis: AxesArgument, epsilon: Type.Number({ ...NonNegative, default: 1e-6 }) },
    'Every sample divided by the root of its mean square',
  ),
  misfit: ({ axis }, inputShape) => axesMisfit(axis, inputShape),
  weights: ({ axis }, inputShape) => ({
    scale: { shape: lengthsAt(axis, inputShape), initializer: 'ones', regularizer: null },
  }),
  layout: 'any',
  call: (op, x, { scale }, { axis, epsilon }, { channelAxis }) => {
    const rank = x.shape.length
    const axes = axesOf(axis, rank)
    const over = op.ints(axes.map((at) => placeOf(at, rank, channelAxis)))
    const square = op.ReduceMean(op.Mul(x, x), over, { keepdims: 1 })
    const normal = op.Div(x, op.Sqrt(op.Add(square, op.scalar(epsilon, square))))
    return op.Mul(normal, along(op, scale, axes, x, channelAxis))
  },
})
