/** DepthwiseConv1D, DepthwiseConv2D: every channel has filters of its own. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { channelsOf, perAxis, type Rank } from '../spatial-arguments.ts'
import { type Windows, windowsOver } from '../spatial-windows.ts'
import { declareWeight, weightArguments } from '../weight-arguments.ts'
import { biasFor, groupsFirst, outputArguments, windowArguments, windowMisfit } from './arguments.ts'

/**
 * y[b, p, c·depth_multiplier + m] = activation(Σ over window w of x[b, p·strides + w·dilation_rate, c]·kernel[w, c, m] + bias).
 * Shapes: [batch, …places, channels] → [batch, …windows, channels·depth_multiplier]. Kernel [...kernel_size, channels,
 * depth_multiplier], Glorot uniform; bias zeros.
 * @throws {Problem} shape_mismatch where a sample has another number of axes or a window does not fit
 * @see https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
 */
function defineDepthwiseConvolution(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(
      type,
      {
        ...windowArguments(rank, 'valid', 'same'),
        depth_multiplier: { ...PositiveInteger, default: 1 },
        ...outputArguments,
        ...weightArguments('depthwise', 'glorot_uniform'),
      },
      'Every channel has filters of its own',
    ),
    misfit: (config, inputShape) => windowMisfit(rank, config, inputShape),
    weights: (config, inputShape) => {
      const channels = channelsOf(config, inputShape)
      return {
        kernel: declareWeight(config, 'depthwise', [
          ...perAxis(config.kernel_size, rank),
          channels,
          config.depth_multiplier,
        ]),
        bias: biasFor(config, channels * config.depth_multiplier),
      }
    },
    activation: ({ activation }) => activation ?? 'linear',
    layout: 'channels_first',
    call: (op, x, { kernel, bias }, { kernel_size, strides, padding, dilation_rate }) =>
      depthwise(op, x, kernel, bias, rank, { size: kernel_size, strides, padding, dilation: dilation_rate }),
  })
}

/** The convolution of each channel alone: as many groups as channels. Kernel [...window, channels, filters each]. */
export function depthwise(op: Builder, x: Real, kernel: Real, bias: Real | null, rank: Rank, windows: Windows): Real {
  const channels = Number(kernel.shape.at(-2))
  return op.Conv(x, groupsFirst(op, kernel), bias, { ...windowsOver(x, rank, windows), group: channels })
}

export const DepthwiseConv1D = defineDepthwiseConvolution('DepthwiseConv1D', 1)
export const DepthwiseConv2D = defineDepthwiseConvolution('DepthwiseConv2D', 2)
