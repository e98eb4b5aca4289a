/** SeparableConv1D, SeparableConv2D: each channel alone, then a mixture of the channels at every place. */
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { channelsOf, perAxis, type Rank } from '../spatial-arguments.ts'
import { declareWeight, weightArguments } from '../weight-arguments.ts'
import { biasFor, filtersFirst, outputArguments, windowArguments, windowMisfit } from './arguments.ts'
import { depthwise } from './depthwise-convolution.ts'

/**
 * A depthwise convolution and after it one with windows of a single place: y = activation(depthwise(x)·pointwise + bias).
 * Shapes: [batch, …places, channels] → [batch, …windows, filters]. Kernels [...kernel_size, channels, depth_multiplier] and
 * [1, …, channels·depth_multiplier, filters], Glorot uniform; bias zeros.
 * @throws {Problem} shape_mismatch where a sample has another number of axes or a window does not fit
 * @see https://keras.io/api/layers/convolution_layers/separable_convolution2d/, Chollet 2017
 */
function defineSeparableConvolution(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(
      type,
      {
        filters: PositiveInteger,
        ...windowArguments(rank, 'valid', 'same'),
        depth_multiplier: { ...PositiveInteger, default: 1 },
        ...outputArguments,
        ...weightArguments('depthwise', 'glorot_uniform'),
        ...weightArguments('pointwise', 'glorot_uniform'),
      },
      'Each channel alone, then a mixture of the channels at every place',
    ),
    misfit: (config, inputShape) => windowMisfit(rank, config, inputShape),
    weights: (config, inputShape) => {
      const channels = channelsOf(config, inputShape)
      return {
        depthwise_kernel: declareWeight(config, 'depthwise', [
          ...perAxis(config.kernel_size, rank),
          channels,
          config.depth_multiplier,
        ]),
        pointwise_kernel: declareWeight(config, 'pointwise', [
          ...perAxis(1, rank),
          channels * config.depth_multiplier,
          config.filters,
        ]),
        bias: biasFor(config, config.filters),
      }
    },
    activation: ({ activation }) => activation ?? 'linear',
    layout: 'channels_first',
    call: (op, x, { depthwise_kernel, pointwise_kernel, bias }, { kernel_size, strides, padding, dilation_rate }) => {
      const windows = { size: kernel_size, strides, padding, dilation: dilation_rate }
      const alone = depthwise(op, x, depthwise_kernel, null, rank, windows)
      return op.Conv(alone, filtersFirst(op, pointwise_kernel), bias, {})
    },
  })
}

export const SeparableConv1D = defineSeparableConvolution('SeparableConv1D', 1)
export const SeparableConv2D = defineSeparableConvolution('SeparableConv2D', 2)
