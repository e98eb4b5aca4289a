/** Softmax along any axes. */
import { Type } from 'typebox'
import { defineLayer, layerConfig } from '../layer.ts'
import { isSampleAxis } from '../layout-axes.ts'

type Axes = number | readonly number[]

const asList = (axis: Axes): readonly number[] => (typeof axis === 'number' ? [axis] : axis)
const isLast = (axis: Axes) => asList(axis).length === 1 && asList(axis)[0] === -1

/**
 * y = eˣ / Σeˣ, the sum along `axis` (the batch is axis 0): an axis, or several that add up to 1 together. Shapes: the
 * same in and out. Along the last axis (-1, the default) it is the activation `softmax`, from whose logits losses are computed.
 * @throws {Problem} shape_mismatch where samples have no such axis
 * @see https://keras.io/api/layers/activation_layers/softmax/
 */
export const Softmax = defineLayer({
  config: layerConfig(
    'Softmax',
    {
      axis: Type.Unsafe<Axes>({
        anyOf: [Type.Integer(), Type.Array(Type.Integer(), { minItems: 1, maxItems: 8 })],
        default: -1,
      }),
    },
    'Values along an axis become probabilities',
  ),
  misfit: ({ axis }, inputShape) => {
    const missing = asList(axis).find((one) => !isSampleAxis(one, inputShape))
    return missing === undefined ? null : `samples with the axis ${missing} (the batch is axis 0)`
  },
  activation: ({ axis }) => (isLast(axis) ? 'softmax' : 'linear'),
  mask: 'passes',
  call: (op, x, _weights, { axis }) => {
    if (isLast(axis)) return x
    const [first = -1, ...others] = asList(axis)
    if (others.length === 0) return op.Softmax(x, { axis: first })
    return op.Exp(op.Sub(x, op.ReduceLogSumExp(x, op.ints([first, ...others]), { keepdims: 1 })))
  },
})
