/** The call of a prepared layer: its formula, then its activation. */
import type * as Tf from '@tensorflow/tfjs'
import { layerOf } from '../../nn/layers/index.ts'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { activate } from '../activations.ts'
import type { LayerCall, Prepared } from './layer.ts'

interface Called {
  readonly outputs: readonly [Tf.Tensor, ...Tf.Tensor[]]
  /** What the activation was applied to. */
  readonly before: Tf.Tensor
}

/** A layer's formula and its activation, which applies to the first output; channels first where the arguments say so. */
export function callPrepared(config: LayerConfig, prepared: Prepared, given: LayerCall): Called {
  const { tf } = given
  const turned = isChannelsFirst(config)
  const x = turned ? channelsLast(given, given.x) : given.x
  const result = prepared.call(turned ? { ...given, x, inputs: [x] } : given)
  const [first, ...others] = Array.isArray(result) ? (result as readonly Tf.Tensor[]) : [result as Tf.Tensor]
  if (!first) throw new Error(`${config.type} gave nothing`)
  const before = turned ? channelsFirst(given, first) : first
  return { outputs: [activate(tf, layerOf(config.type).activation?.(config) ?? 'linear', before), ...others], before }
}

/** Whether a layer over places has its channels before them. */
export function isChannelsFirst(config: LayerConfig): boolean {
  return layerOf(config.type).layout !== undefined && 'data_format' in config && config.data_format === 'channels_first'
}

/** The shape of a sample as a layer sees it that works channels last. */
export function workingShape(config: LayerConfig, shape: readonly number[]): readonly number[] {
  return isChannelsFirst(config) ? [...shape.slice(1), ...shape.slice(0, 1)] : shape
}

function channelsLast({ tf }: LayerCall, x: Tf.Tensor): Tf.Tensor {
  const [batch = 0, channels = 1, ...places] = x.shape.map((_, axis) => axis)
  return tf.transpose(x, [batch, ...places, channels])
}

function channelsFirst({ tf }: LayerCall, x: Tf.Tensor): Tf.Tensor {
  if (x.rank < 3) return x
  const [batch = 0, ...rest] = x.shape.map((_, axis) => axis)
  return tf.transpose(x, [batch, x.rank - 1, ...rest.slice(0, -1)])
}
