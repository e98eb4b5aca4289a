/**
 * Normalizations with the operators of TensorFlow.js: its BatchNormalization crashes in training without center or scale
 * and knows no masks, its LayerNormalization knows the last axes only, and the others it lacks.
 */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { type Axes, axesOf, otherAxes } from '../../nn/layers/normalization/axes.ts'
import type { Numbers } from '../../nn/layers/normalization/given-numbers.ts'
import { fillShape, type Nested } from '../../nn/layers/normalization/nested-numbers.ts'
import type { TensorFlow } from '../backend.ts'
import { type EngineLayer, formula, type LayerCall, type Mask } from './layer.ts'

/** A weight whose axes are the `axes` of x, in a form that is broadcast along them. */
function along(tf: TensorFlow, weight: Tf.Tensor, axes: readonly number[], x: Tf.Tensor): Tf.Tensor {
  return tf.reshape(
    weight,
    x.shape.map((length, axis) => (axes.includes(axis) ? length : 1)),
  )
}

/** gamma·x + beta, where they are. */
function scaled({ tf, weights: { gamma, beta } }: LayerCall, x: Tf.Tensor, axes: readonly number[]): Tf.Tensor {
  const times = gamma ? tf.mul(x, along(tf, gamma, axes, x)) : x
  return beta ? tf.add(times, along(tf, beta, axes, x)) : times
}

/** (x - mean)/√(variance + epsilon) */
function standardized(tf: TensorFlow, x: Tf.Tensor, mean: Tf.Tensor, variance: Tf.Tensor, epsilon: number): Tf.Tensor {
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)))
}

type BatchConfig = LayerConfig & {
  readonly axis: number
  readonly momentum: number
  readonly epsilon: number
  readonly renorm?: boolean
}

const BatchNormalization = formula<BatchConfig>({
  takes: ['axis', 'momentum', 'epsilon', 'center', 'scale', 'renorm', 'renorm_clipping', 'renorm_momentum'],
  misfit: ({ renorm }) => (renorm ? 'renorm true: TensorFlow.js has no batch renormalization' : null),
  call: (given, { axis, momentum, epsilon, trainable }) => {
    const { tf, x, weights, masks, assign } = given
    const axes = axesOf(axis, x.rank)
    const spread = (weight: Tf.Tensor) => along(tf, weight, axes, x)
    const [movingMean, movingVariance] = [weights.moving_mean, weights.moving_variance] as [Tf.Tensor, Tf.Tensor]
    if (trainable === false) {
      return scaled(given, standardized(tf, x, spread(movingMean), spread(movingVariance), epsilon), axes)
    }
    const over = otherAxes(axes, x.rank)
    const mean = meanOver(tf, x, over, masks[0] ?? null)
    const variance = meanOver(tf, tf.square(tf.sub(x, mean)), over, masks[0] ?? null)
    const moved = (before: Tf.Tensor, now: Tf.Tensor) =>
      tf.add(tf.mul(before, momentum), tf.mul(tf.reshape(now, before.shape), 1 - momentum))
    assign('moving_mean', moved(movingMean, mean))
    assign('moving_variance', moved(movingVariance, variance))
    return scaled(given, standardized(tf, x, mean, variance, epsilon), axes)
  },
})

/** The mean over `axes`, which stay with length 1; in a sequence with a mask over the steps that are real, as Keras counts. */
function meanOver(tf: TensorFlow, x: Tf.Tensor, axes: number[], mask: Mask): Tf.Tensor {
  if (mask === null || mask.rank !== x.rank - 1) return tf.mean(x, axes, true)
  const real = tf.cast(tf.expandDims(mask, -1), 'float32')
  const each = tf.mul(real, tf.onesLike(x))
  return tf.div(tf.sum(tf.mul(x, each), axes, true), tf.add(tf.sum(each, axes, true), 1e-7))
}

type LayerNormConfig = LayerConfig & { readonly axis: Axes; readonly epsilon: number }

const LayerNormalization = formula<LayerNormConfig>({
  takes: ['axis', 'epsilon', 'center', 'scale'],
  call: (given, { axis, epsilon }) => {
    const { tf, x } = given
    const axes = axesOf(axis, x.rank)
    const { mean, variance } = tf.moments(x, [...axes], true)
    return scaled(given, standardized(tf, x, mean, variance, epsilon), axes)
  },
})

type GroupConfig = LayerConfig & { readonly groups: number; readonly epsilon: number }

const GroupNormalization = formula<GroupConfig>({
  takes: ['groups', 'epsilon', 'center', 'scale', 'axis'],
  call: (given, { groups, epsilon }) => {
    const { tf, x } = given
    const channels = x.shape.at(-1) ?? 1
    const count = groups === -1 ? channels : groups
    const grouped = tf.reshape(x, [x.shape[0] ?? 1, -1, count, channels / count])
    const { mean, variance } = tf.moments(grouped, [1, 3], true)
    const normal = tf.reshape(standardized(tf, grouped, mean, variance, epsilon), x.shape)
    return scaled(given, normal, [x.rank - 1])
  },
})

const UnitNormalization = formula<LayerConfig & { readonly axis: Axes }>({
  takes: ['axis'],
  call: ({ tf, x }, { axis }) => {
    const squares = tf.sum(tf.square(x), [...axesOf(axis, x.rank)], true)
    return tf.div(x, tf.sqrt(tf.maximum(squares, 1e-24)))
  },
})

const RMSNormalization = formula<LayerNormConfig>({
  takes: ['axis', 'epsilon'],
  call: ({ tf, x, weights }, { axis, epsilon }) => {
    const axes = axesOf(axis, x.rank)
    const root = tf.sqrt(tf.add(tf.mean(tf.square(x), [...axes], true), epsilon))
    return tf.mul(tf.div(x, root), along(tf, weights.scale as Tf.Tensor, axes, x))
  },
})

/** Numbers along an axis of x. */
function numbersAlong(tf: TensorFlow, given: Numbers, axis: number, x: Tf.Tensor): Tf.Tensor {
  const list = typeof given === 'number' ? [given] : given
  return tf.reshape(
    tf.tensor1d([...list]),
    x.shape.map((_, i) => (i === axis ? list.length : 1)),
  )
}

const Rescaling = formula<LayerConfig & { readonly scale: Numbers; readonly offset: Numbers }>({
  takes: ['scale', 'offset'],
  call: ({ tf, x }, { scale, offset }) => {
    const last = x.rank - 1
    return tf.add(tf.mul(x, numbersAlong(tf, scale, last, x)), numbersAlong(tf, offset, last, x))
  },
})

type NormalizationConfig = LayerConfig & {
  readonly axis: Axes | null
  readonly mean: Nested | null
  readonly variance: Nested | null
  readonly invert: boolean
}

/** With the numbers given, or those of the training rows, which are weights. */
const Normalization = formula<NormalizationConfig>({
  takes: ['axis', 'mean', 'variance', 'invert'],
  call: ({ tf, x, weights }, { axis, mean, variance, invert }) => {
    const axes = axesOf(axis ?? [], x.rank)
    const lengths = axes.map((at) => x.shape[at] ?? 1)
    const numbers = (own: Tf.Tensor | null | undefined, given: Nested) => {
      if (own) return own.rank === 0 ? own : along(tf, own, axes, x)
      if (typeof given === 'number') return tf.scalar(given)
      return along(tf, tf.tensor([...(fillShape(given, lengths) ?? [])], lengths), axes, x)
    }
    const center = numbers(weights.mean, mean ?? 0)
    const deviation = tf.maximum(tf.sqrt(numbers(weights.variance, variance ?? 1)), 1e-7)
    return invert ? tf.add(tf.mul(x, deviation), center) : tf.div(tf.sub(x, center), deviation)
  },
})

export const normalizationLayers: Readonly<Record<string, EngineLayer>> = {
  BatchNormalization,
  LayerNormalization,
  GroupNormalization,
  UnitNormalization,
  RMSNormalization,
  Rescaling,
  Normalization,
}
