/** Concatenate: inputs one after the other along an axis. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Bool, Real } from '../../../onnx/value.ts'
import { defineLayer, layerConfig, type Mask } from '../layer.ts'
import { axisInLayout, isSampleAxis } from '../layout-axes.ts'

/**
 * Shapes: [batch, …, a, …], [batch, …, b, …] → [batch, …, a + b, …] along `axis` (the batch is axis 0; -1, the default,
 * joins features).
 * @throws {Problem} shape_mismatch where the other axes differ
 * @see https://keras.io/api/layers/merging_layers/concatenate/
 */
export const Concatenate = defineLayer({
  config: layerConfig(
    'Concatenate',
    { axis: Type.Integer({ default: -1, description: 'The batch is axis 0 and cannot be named' }) },
    'Inputs one after the other along an axis',
  ),
  arity: { least: 1, most: 64 },
  misfit: ({ axis }, inputShape, { inputShapes }) => {
    if (!isSampleAxis(axis, inputShape)) return `samples with the axis ${axis} (the batch is axis 0)`
    const joined = (axis < 0 ? axis + inputShape.length + 1 : axis) - 1
    const fits = inputShapes.every(
      (shape) =>
        shape.length === inputShape.length && shape.every((length, i) => i === joined || length === inputShape[i]),
    )
    return fits ? null : `inputs of the same shape but for the axis ${axis}`
  },
  layout: 'any',
  mask: joinedMask,
  call: (op, x, _weights, { axis }, { inputs, channelAxis }) =>
    op.Concat(inputs, { axis: axisInLayout(axis, x.shape.length, channelAxis) }),
})

/**
 * Joined along time where the inputs are; where their features are joined, a step is real if it is in any input. An input
 * without a mask is real everywhere. As in Keras; features of [batch, time] inputs have no mask to keep.
 */
function joinedMask(op: Builder, inputs: readonly Real[], masks: readonly Mask[], { axis }: { axis: number }): Mask {
  if (masks.every((mask) => mask === null)) return null
  const rank = inputs[0]?.shape.length ?? 0
  const counted = axis < 0 ? axis + rank : axis
  const full = inputs.map((x, i) => masks[i] ?? everywhere(op, x))
  if (counted === 1) return op.Concat(full, { axis: 1 })
  return full.reduce((all, mask) => op.Or(all, mask))
}

/** True for every step, [batch, time]. */
function everywhere(op: Builder, x: Real): Bool {
  const one = op.constant({ type: 'bool', dims: [1], data: Uint8Array.of(1) })
  return op.Expand(one, op.Shape(x, { start: 0, end: 2 }))
}
