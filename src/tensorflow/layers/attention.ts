/** MultiHeadAttention with the operators of TensorFlow.js, by the formula of src/nn/layers/attention. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { purposeOf } from '../../nn/layers/regularization/normal.ts'
import { type EngineLayer, formula, type LayerCall } from './layer.ts'
import { keptOf } from './noise.ts'

type Config = LayerConfig & {
  readonly key_dim: number
  readonly dropout: number
  readonly seed: number | null
  readonly use_causal_mask: boolean
}

/** [batch, time, features] → [batch, heads, time, dim] by the weights of a role. */
function heads({ tf, weights }: LayerCall, x: Tf.Tensor, role: string): Tf.Tensor {
  const kernel = weights[`${role}_kernel`] as Tf.Tensor
  const bias = weights[`${role}_bias`]
  const [features = 1, count = 1, dim = 1] = kernel.shape
  const [batch = 1, time = 1] = x.shape
  const rows = tf.matMul(tf.reshape(x, [batch * time, features]), tf.reshape(kernel, [features, count * dim]))
  const parted = tf.reshape(rows, [batch, time, count, dim])
  return tf.transpose(bias ? tf.add(parted, bias) : parted, [0, 2, 1, 3])
}

/** 1 where a step of the query may see a step of the source, in a shape that is broadcast to the scores; null: everywhere. */
function visible({ tf, inputs, masks }: LayerCall, scores: Tf.Tensor, causal: boolean): Tf.Tensor | null {
  const parts: Tf.Tensor[] = []
  const number = (mask: Tf.Tensor) => tf.cast(mask, 'float32')
  const [query = null] = masks
  if (query) parts.push(tf.expandDims(tf.expandDims(number(query), 1), 3))
  for (const mask of inputs.length === 1 ? masks : masks.slice(1)) {
    if (mask) parts.push(tf.expandDims(tf.expandDims(number(mask), 1), 1))
  }
  const [, , time = 1, source = 1] = scores.shape
  if (causal) parts.push(number(tf.greaterEqual(tf.reshape(tf.range(0, time), [time, 1]), tf.range(0, source))))
  return parts.length === 0 ? null : parts.reduce((all, part) => tf.mul(all, part))
}

const MultiHeadAttention = formula<Config>({
  takes: ['num_heads', 'key_dim', 'value_dim', 'dropout', 'use_bias', 'output_shape', 'use_causal_mask', 'seed'],
  call: (given, { key_dim, dropout, seed, use_causal_mask }) => {
    const { tf, x, inputs, weights, uniform, layerName } = given
    const value = inputs[1] ?? x
    const [q, k] = [heads(given, x, 'query'), heads(given, inputs[2] ?? value, 'key')]
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(key_dim))
    const seen = visible(given, scores, use_causal_mask)
    const shares = tf.softmax(seen ? tf.add(tf.mul(scores, seen), tf.mul(tf.sub(1, seen), -1e9)) : scores)
    const kept =
      dropout === 0 ? shares : tf.mul(shares, keptOf(tf, uniform(shares.shape, purposeOf(seed, layerName)), dropout))
    const mixed = tf.transpose(tf.matMul(kept, heads(given, value, 'value')), [0, 2, 1, 3])
    const [batch = 1, time = 1, count = 1, dim = 1] = mixed.shape
    const kernel = weights.output_kernel as Tf.Tensor
    const units = kernel.shape.at(-1) ?? 1
    const rows = tf.matMul(tf.reshape(mixed, [batch * time, count * dim]), tf.reshape(kernel, [count * dim, units]))
    const y = tf.reshape(rows, [batch, time, units])
    return weights.output_bias ? tf.add(y, weights.output_bias) : y
  },
})

export const attentionLayers: Readonly<Record<string, EngineLayer>> = { MultiHeadAttention }
