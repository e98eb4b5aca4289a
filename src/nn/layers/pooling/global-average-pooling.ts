/** GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D: the mean of each channel. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Index, Real } from '../../../onnx/value.ts'
import { defineLayer, layerConfig, type Mask } from '../layer.ts'
import { placeAxes } from '../place-axes.ts'
import { placesMisfit, type Rank } from '../spatial-arguments.ts'
import { flag, globalArguments } from './global-arguments.ts'

/**
 * The mean of each channel over all places; in a sequence with a mask, over the steps that are real.
 * Shapes: [batch, …places, channels] → [batch, channels], or [batch, 1, …, channels] with `keepdims`.
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
 */
function defineGlobalAveragePooling(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(type, globalArguments, 'The mean of each channel'),
    misfit: (config, inputShape) => placesMisfit(rank, config, inputShape),
    keepsValues: true,
    layout: 'any',
    call: (op, x, _weights, { keepdims }, { channelAxis, masks }) => {
      const axes = placeAxes(op, rank, channelAxis)
      const mask = rank === 1 ? (masks[0] ?? null) : null
      if (mask === null) return op.ReduceMean(x, axes, { keepdims: flag(keepdims) })
      return meanOfReal(op, x, mask, axes, { channelAxis, keepdims: flag(keepdims) })
    },
  })
}

/** Σ of the real steps / their number. */
function meanOfReal(
  op: Builder,
  x: Real,
  mask: NonNullable<Mask>,
  axes: Index,
  { channelAxis, keepdims }: { readonly channelAxis: 1 | -1; readonly keepdims: 0 | 1 },
): Real {
  const real = op.Unsqueeze(mask, op.ints([channelAxis]))
  const sum = op.ReduceSum(op.Where(real, x, op.scalar(0, x)), axes, { keepdims })
  return op.Div(sum, op.ReduceSum(op.Cast(real, { to: x.type }), axes, { keepdims }))
}

export const GlobalAveragePooling1D = defineGlobalAveragePooling('GlobalAveragePooling1D', 1)
export const GlobalAveragePooling2D = defineGlobalAveragePooling('GlobalAveragePooling2D', 2)
export const GlobalAveragePooling3D = defineGlobalAveragePooling('GlobalAveragePooling3D', 3)
