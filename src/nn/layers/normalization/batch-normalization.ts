/** BatchNormalization: every channel with the mean and the variance of its batch; of all batches so far when it serves. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { Switch } from '../../strict.ts'
import { InitializerArgument } from '../arguments.ts'
import { defineLayer, type LayerContext, layerConfig, type Mask } from '../layer.ts'
import { Epsilon, scaleAndCenter, scaleAndCenterWeights } from './arguments.ts'
import { along, axesMisfit, axesOf, lengthsAt, otherAxes, placeOf } from './axes.ts'
import { ClippingArgument, type Moments, moved, renormalized, renormMisfit, renormWeights } from './renormalization.ts'

/**
 * While training y = gamma·(x - mean)/√(variance + epsilon) + beta with mean and variance (of the population) of the batch
 * along `axis`, and the moving ones become moving·momentum + batch·(1 - momentum). In inference, and with `trainable`
 * false in training as well, the moving ones are used and stay. Steps that a mask leaves out do not count. `renorm`: see
 * renormalization.ts.
 * Shapes: the same in and out. gamma and moving_variance ones, beta and moving_mean zeros, all [length of axis].
 * @throws {Problem} shape_mismatch where the samples have no such axis
 * @see Ioffe & Szegedy 2015, https://keras.io/api/layers/normalization_layers/batch_normalization/
 */
export const BatchNormalization = defineLayer({
  config: layerConfig(
    'BatchNormalization',
    {
      axis: Type.Integer({ minimum: -8, maximum: 8, default: -1 }),
      momentum: Type.Number({ minimum: 0, maximum: 1, default: 0.99 }),
      epsilon: Epsilon,
      ...scaleAndCenter,
      moving_mean_initializer: InitializerArgument('zeros'),
      moving_variance_initializer: InitializerArgument('ones'),
      renorm: Switch(false, 'Batch renormalization: while training, too, values come near to those of inference'),
      renorm_clipping: ClippingArgument,
      renorm_momentum: Type.Number({ minimum: 0, maximum: 1, default: 0.99 }),
      synchronized: Switch(false, 'One device computes a batch here: nothing to synchronize'),
    },
    'Every channel with mean and variance of its batch, of all batches when it serves',
  ),
  misfit: (config, inputShape) => renormMisfit(config) ?? axesMisfit(config.axis, inputShape),
  weights: (config, inputShape) => {
    const shape = lengthsAt(config.axis, inputShape)
    const state = { shape, regularizer: null, role: 'state' } as const
    return {
      ...scaleAndCenterWeights(config, shape),
      moving_mean: { ...state, initializer: config.moving_mean_initializer },
      moving_variance: { ...state, initializer: config.moving_variance_initializer },
      ...renormWeights(config, shape),
    }
  },
  layout: 'any',
  mask: 'passes',
  call: (op, x, weights, config, context) => {
    const { gamma, beta, moving_mean, moving_variance } = weights
    const axes = axesOf(config.axis, x.shape.length)
    const spread = (weight: Real) => along(op, weight, axes, x, context.channelAxis)
    if (!context.training || config.trainable === false) {
      const factor = factorOf(op, moving_variance, gamma, config.epsilon)
      // one product and one sum, which ONNX Runtime takes into the convolution before them
      const drawn = op.Mul(moving_mean, factor)
      const offset = beta ? op.Sub(beta, drawn) : op.Neg(drawn)
      return op.Add(op.Mul(x, spread(factor)), spread(offset))
    }
    const { mean, variance, centred } = batchMoments(op, x, axes, context, spread)
    const moving = { ...weights, moving_mean, moving_variance }
    if (config.renorm) return renormalized(op, { mean, variance, centred }, moving, config, { context, spread })
    context.assign('moving_mean', moved(op, moving_mean, mean, config.momentum))
    context.assign('moving_variance', moved(op, moving_variance, variance, config.momentum))
    const y = op.Mul(centred, spread(factorOf(op, variance, gamma, config.epsilon)))
    return beta ? op.Add(y, spread(beta)) : y
  },
})

/** gamma / √(variance + epsilon) */
function factorOf(op: Builder, variance: Real, gamma: Real | null, epsilon: number): Real {
  const deviation = op.Sqrt(op.Add(variance, op.scalar(epsilon, variance)))
  return gamma ? op.Div(gamma, deviation) : op.Reciprocal(deviation)
}

function batchMoments(
  op: Builder,
  x: Real,
  axes: readonly number[],
  { channelAxis, masks }: LayerContext,
  spread: (weight: Real) => Real,
): Moments {
  const rank = x.shape.length
  const others = op.ints(otherAxes(axes, rank).map((at) => placeOf(at, rank, channelAxis)))
  const mean = meanOver(op, x, others, masks[0] ?? null, channelAxis)
  const centred = op.Sub(x, spread(mean))
  return { mean, variance: meanOver(op, op.Mul(centred, centred), others, masks[0] ?? null, channelAxis), centred }
}

/** Keras adds this to the number of real steps. */
const kerasEpsilon = 1e-7

/** The mean over `axes`, in a sequence with a mask over the steps that are real. */
function meanOver(op: Builder, x: Real, axes: ReturnType<Builder['ints']>, mask: Mask, channelAxis: 1 | -1): Real {
  if (mask === null || mask.shape.length !== x.shape.length - 1) return op.ReduceMean(x, axes, { keepdims: 0 })
  const real = op.Unsqueeze(mask, op.ints([channelAxis]))
  const sum = op.ReduceSum(op.Where(real, x, op.scalar(0, x)), axes, { keepdims: 0 })
  const each = op.Expand(op.Cast(real, { to: x.type }), op.Shape(x, {}))
  const count = op.ReduceSum(each, axes, { keepdims: 0 })
  return op.Div(sum, op.Add(count, op.scalar(kerasEpsilon, count)))
}
