/** Masking: steps that hold nothing but one value are padding. */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Bool, Real } from '../../onnx/value.ts'
import { defineLayer, layerConfig } from './layer.ts'

/** Which steps are real: those with a feature other than `value`. [batch, time, features] → [batch, time]. */
function realSteps(op: Builder, x: Real, value: number): Bool {
  const differs = op.Cast(op.Not(op.Equal(x, op.scalar(value, x))), { to: 'float32' })
  const most = op.ReduceMax(differs, op.ints([-1]), { keepdims: 0 })
  return op.Greater(most, op.scalar(0, most))
}

/**
 * A step all of whose features equal `mask_value` is left out by the layers after it and by the loss; its values become 0.
 * Shapes: [batch, time, features], the same in and out.
 * @throws {Problem} shape_mismatch where samples have not two axes
 * @see https://keras.io/api/layers/core_layers/masking/
 */
export const Masking = defineLayer({
  config: layerConfig('Masking', { mask_value: Type.Number({ default: 0 }) }, 'Steps of one value are padding'),
  misfit: (_config, inputShape) => (inputShape.length !== 2 ? 'samples of shape [time, features]' : null),
  mask: (op, [x], _masks, { mask_value }) => (x ? realSteps(op, x, mask_value) : null),
  call: (op, x, _weights, { mask_value }) => {
    const kept = op.Cast(realSteps(op, x, mask_value), { to: x.type })
    return op.Mul(x, op.Unsqueeze(kept, op.ints([-1])))
  },
})
