/** Activation layers with the operators of TensorFlow.js. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import type { Given } from '../../nn/named.ts'
import { type EngineLayer, formula } from './layer.ts'

type ReluConfig = LayerConfig & {
  readonly max_value: number | null
  readonly negative_slope: number
  readonly threshold: number
}

/** max_value above it, x where x > threshold, negative_slope · (x - threshold) elsewhere. */
const ReLU = formula<ReluConfig>({
  takes: ['max_value', 'negative_slope', 'threshold'],
  call: ({ tf, x }, { max_value, negative_slope, threshold }) => {
    const above = tf.mul(x, tf.step(tf.sub(x, threshold))) // a comparison has no gradient
    const cut = max_value === null ? above : tf.minimum(above, max_value)
    return tf.sub(cut, tf.mul(tf.relu(tf.sub(threshold, x)), negative_slope))
  },
})

type SoftmaxConfig = LayerConfig & { readonly axis: number | readonly number[] }

/** Along the last axis it is an activation, which is applied to what this gives. */
const Softmax = formula<SoftmaxConfig>({
  takes: ['axis'],
  call: ({ tf, x }, { axis }) => {
    const axes = [axis].flat()
    const isLast = axes.length === 1 && axes[0] === -1
    return isLast ? x : tf.exp(tf.sub(x, tf.logSumExp(x, axes, true)))
  },
})

type ActivityConfig = LayerConfig & { readonly l1: number; readonly l2: number }

const ActivityRegularization = formula<ActivityConfig>({
  takes: ['l1', 'l2'],
  call: ({ x, penalize }, { l1, l2 }) => {
    penalize(x, { name: 'l1_l2', l1, l2 } as Given)
    return x
  },
})

export const elementwiseLayers: Readonly<Record<string, EngineLayer>> = {
  Activation: formula({ takes: [], call: ({ x }) => x }),
  ReLU,
  LeakyReLU: formula<LayerConfig & { readonly negative_slope: number }>({
    takes: ['negative_slope'],
    call: ({ tf, x }, { negative_slope }) => tf.leakyRelu(x, negative_slope),
  }),
  PReLU: formula({
    takes: ['shared_axes'],
    call: ({ tf, x, weights: { alpha } }) => tf.sub(tf.relu(x), tf.mul(alpha as Tf.Tensor, tf.relu(tf.neg(x)))),
  }),
  ELU: formula<LayerConfig & { readonly alpha: number }>({
    takes: ['alpha'],
    call: ({ tf, x }, { alpha }) => tf.add(tf.relu(x), tf.mul(tf.expm1(tf.minimum(x, 0)), alpha)),
  }),
  Softmax,
  ActivityRegularization,
}
