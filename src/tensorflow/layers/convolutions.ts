/**
 * Convolutions: the classes of TensorFlow.js where they do it, else its operators. It has no gradient of dilated
 * convolutions, so zeros are put between the places of the kernel; and no groups, no causal padding, and few over steps alone.
 */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { type PerAxis, perAxis, type Rank } from '../../nn/layers/spatial-arguments.ts'
import { transposedPlacement } from '../../nn/layers/spatial-padding.ts'
import type { TensorFlow } from '../backend.ts'
import { type EngineLayer, engineLayer, formula, type LayerCall } from './layer.ts'
import { library } from './library.ts'

type Config = LayerConfig & {
  readonly kernel_size: PerAxis
  readonly strides: PerAxis
  readonly padding: 'valid' | 'same' | 'causal'
  readonly dilation_rate: PerAxis
  readonly groups?: number
}

const windows = ['kernel_size', 'strides', 'padding', 'use_bias']
const convolution = ['filters', ...windows]

const biased = (tf: TensorFlow, y: Tf.Tensor, bias: Tf.Tensor | null | undefined) => (bias ? tf.add(y, bias) : y)
const isDilated = ({ dilation_rate }: Config) => [dilation_rate].flat().some((rate) => rate !== 1)

/** The kernel [...places, …] with zeros between its places. */
function spread(tf: TensorFlow, kernel: Tf.Tensor, rates: readonly number[]): Tf.Tensor {
  return rates.reduce((wide, rate, axis) => {
    if (rate === 1) return wide
    const [before, length, after] = [wide.shape.slice(0, axis), wide.shape[axis] ?? 1, wide.shape.slice(axis + 1)]
    const [outer, inner] = [before, after].map((lengths) => lengths.reduce((all, one) => all * one, 1))
    const apart = tf.pad(tf.reshape(wide, [outer ?? 1, length, 1, inner ?? 1]), [
      [0, 0],
      [0, 0],
      [0, rate - 1],
      [0, 0],
    ])
    const places = (length - 1) * rate + 1
    const cut = tf.slice(tf.reshape(apart, [outer ?? 1, length * rate, inner ?? 1]), [0, 0, 0], [-1, places, -1])
    return tf.reshape(cut, [...before, places, ...after])
  }, kernel)
}

/** A sequence is an image of one row. */
function convolved(tf: TensorFlow, x: Tf.Tensor, kernel: Tf.Tensor, config: Config, rank: Rank): Tf.Tensor {
  const [strides, padding] = [perAxis(config.strides, rank), config.padding === 'same' ? 'same' : 'valid'] as const
  if (rank === 3)
    return tf.conv3d(x as Tf.Tensor5D, kernel as Tf.Tensor5D, strides as [number, number, number], padding)
  if (rank === 2) return tf.conv2d(x as Tf.Tensor4D, kernel as Tf.Tensor4D, strides as [number, number], padding)
  const [row, filters] = [tf.expandDims(x, 1) as Tf.Tensor4D, tf.expandDims(kernel, 0) as Tf.Tensor4D]
  return tf.squeeze(tf.conv2d(row, filters, [1, strides[0] ?? 1], padding), [1])
}

/** Each group of channels with its own filters. */
function inGroups({ tf, x, weights }: LayerCall, config: Config, rank: Rank): Tf.Tensor {
  const { groups = 1, padding } = config
  const kernel = spread(tf, weights.kernel as Tf.Tensor, perAxis(config.dilation_rate, rank))
  const ahead = padding === 'causal' ? (kernel.shape[0] ?? 1) - 1 : 0
  const padded =
    ahead > 0
      ? tf.pad(x, [
          [0, 0],
          [ahead, 0],
          [0, 0],
        ])
      : x
  if (groups === 1) return biased(tf, convolved(tf, padded, kernel, config, rank), weights.bias)
  const kernels = tf.split(kernel, groups, -1)
  const parts = tf
    .split(padded, groups, -1)
    .map((part, i) => convolved(tf, part, kernels[i] as Tf.Tensor, config, rank))
  return biased(tf, tf.concat(parts, -1), weights.bias)
}

function defineConvolution(type: string, rank: Rank): EngineLayer {
  return engineLayer<Config>({
    takes: [...convolution, 'dilation_rate', 'groups'],
    prepare: (tf, config, shapes) =>
      isDilated(config) || config.groups !== 1 || config.padding === 'causal'
        ? { variables: null, call: (given) => inGroups(given, config, rank) }
        : library(type, convolution).prepare(tf, config, shapes),
  })
}

/** Each channel alone. Kernel [...places, channels, filters each]. */
function depthwise({ tf, x }: LayerCall, kernel: Tf.Tensor, config: Config, rank: 1 | 2): Tf.Tensor {
  const wide = spread(tf, kernel, perAxis(config.dilation_rate, rank))
  const [stride = 1] = perAxis(config.strides, rank)
  const padding = config.padding === 'same' ? 'same' : 'valid'
  if (rank === 2) return tf.depthwiseConv2d(x as Tf.Tensor4D, wide as Tf.Tensor4D, stride, padding)
  const [row, filters] = [tf.expandDims(x, 1) as Tf.Tensor4D, tf.expandDims(wide, 0) as Tf.Tensor4D]
  return tf.squeeze(tf.depthwiseConv2d(row, filters, stride, padding), [1])
}

/** TensorFlow itself has one stride for rows and columns. */
function strideMisfit({ strides }: Config): string | null {
  return new Set([strides].flat()).size > 1
    ? `strides ${JSON.stringify(strides)}: TensorFlow takes one for all axes`
    : null
}

function defineDepthwise(type: string, rank: 1 | 2): EngineLayer {
  const own = [...windows, 'depth_multiplier']
  return engineLayer<Config>({
    takes: [...own, 'dilation_rate'],
    misfit: strideMisfit,
    prepare: (tf, config, shapes) => {
      if (rank === 2 && !isDilated(config)) return library(type, own).prepare(tf, config, shapes)
      const call = (given: LayerCall) =>
        biased(tf, depthwise(given, given.weights.kernel as Tf.Tensor, config, rank), given.weights.bias)
      return { variables: null, call }
    },
  })
}

function defineSeparable(type: string, rank: 1 | 2): EngineLayer {
  const own = [...convolution, 'depth_multiplier']
  return engineLayer<Config>({
    takes: [...own, 'dilation_rate'],
    misfit: strideMisfit,
    prepare: (tf, config, shapes) => {
      if (rank === 2 && !isDilated(config)) return library(type, own).prepare(tf, config, shapes)
      return { variables: null, call: (given) => separable(given, config, rank) }
    },
  })
}

function separable(given: LayerCall, config: Config, rank: 1 | 2): Tf.Tensor {
  const { tf, weights } = given
  const alone = depthwise(given, weights.depthwise_kernel as Tf.Tensor, config, rank)
  const pointwise = weights.pointwise_kernel as Tf.Tensor
  const [channels = 1, filters = 1] = pointwise.shape.slice(-2)
  const mixed = tf.matMul(tf.reshape(alone, [-1, channels]), tf.reshape(pointwise, [channels, filters]))
  return biased(tf, tf.reshape(mixed, [...alone.shape.slice(0, -1), filters]), weights.bias)
}

const Conv1DTranspose = formula<Config>({
  takes: convolution,
  call: ({ tf, x, weights }, config) => {
    const kernel = weights.kernel as Tf.Tensor
    const [batch = 1, steps = 1] = x.shape
    const [size = 1, stride = 1] = [perAxis(config.kernel_size, 1)[0], perAxis(config.strides, 1)[0]]
    const padding = config.padding === 'same' ? 'same' : 'valid'
    const { length } = transposedPlacement(steps, { kernel: size, stride, padding, outputPadding: null })
    const [row, filters] = [tf.expandDims(x, 1) as Tf.Tensor4D, tf.expandDims(kernel, 0) as Tf.Tensor4D]
    const shape: [number, number, number, number] = [batch, 1, length, kernel.shape[1] ?? 1]
    return biased(tf, tf.squeeze(tf.conv2dTranspose(row, filters, shape, [1, stride], padding), [1]), weights.bias)
  },
})

export const convolutionLayers: Readonly<Record<string, EngineLayer>> = {
  Conv1D: defineConvolution('Conv1D', 1),
  Conv2D: defineConvolution('Conv2D', 2),
  Conv3D: defineConvolution('Conv3D', 3),
  DepthwiseConv1D: defineDepthwise('DepthwiseConv1D', 1),
  DepthwiseConv2D: defineDepthwise('DepthwiseConv2D', 2),
  SeparableConv1D: defineSeparable('SeparableConv1D', 1),
  SeparableConv2D: defineSeparable('SeparableConv2D', 2),
  Conv1DTranspose,
  Conv2DTranspose: library('Conv2DTranspose', convolution),
}
