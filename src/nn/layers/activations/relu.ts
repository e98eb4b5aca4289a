/** ReLU with a slope, a threshold and a largest value. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { NonNegative } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'

/**
 * y = max_value above it, x where x > threshold, negative_slope · (x - threshold) elsewhere. Shapes: the same in and out.
 * @see https://keras.io/api/layers/activation_layers/relu/
 */
export const ReLU = defineLayer({
  config: layerConfig(
    'ReLU',
    {
      max_value: Type.Unsafe<number | null>({ anyOf: [NonNegative, Type.Null()], default: null }),
      negative_slope: { ...NonNegative, default: 0 },
      threshold: { ...NonNegative, default: 0 },
    },
    'Rectifier with a slope, a threshold and a largest value',
  ),
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { max_value, negative_slope, threshold }) => {
    if (max_value === null && threshold === 0 && negative_slope > 0) return op.LeakyRelu(x, { alpha: negative_slope })
    const above = aboveThreshold(op, x, threshold)
    const cut = max_value === null ? above : op.Min([above, op.scalar(max_value, x)])
    if (negative_slope === 0) return cut
    const below = op.Relu(op.Sub(op.scalar(threshold, x), x))
    return op.Sub(cut, op.Mul(below, op.scalar(negative_slope, x)))
  },
})

function aboveThreshold(op: Builder, x: Real, threshold: number): Real {
  if (threshold === 0) return op.Relu(x)
  return op.Where(op.Greater(x, op.scalar(threshold, x)), x, op.scalar(0, x))
}
