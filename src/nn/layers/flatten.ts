/** Flatten: one axis for each sample. */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { defineLayer, layerConfig } from './layer.ts'

/**
 * Shapes: [batch, a, b, …] → [batch, a·b·…], the last axis varying fastest. `channels_first` moves axis 1 to the end
 * before, so that both layouts give the same order, as in Keras.
 * @see https://keras.io/api/layers/reshaping_layers/flatten/
 */
export const Flatten = defineLayer({
  config: layerConfig(
    'Flatten',
    {
      data_format: Type.Unsafe<'channels_last' | 'channels_first' | null>({
        enum: ['channels_last', 'channels_first', null],
        default: null,
      }),
    },
    'One axis for each sample',
  ),
  keepsValues: true,
  call: (op, x, _weights, { data_format }) => {
    if (x.shape.length === 2) return x
    return op.Reshape(data_format === 'channels_first' ? channelsLast(op, x) : x, op.ints([0, -1]))
  },
})

function channelsLast(op: Builder, x: Real): Real {
  const [batch = 0, channels = 1, ...rest] = x.shape.map((_, axis) => axis)
  return op.Transpose(x, { perm: [batch, ...rest, channels] })
}
