/** FTRL: follow the regularized leader, for sparse models with many rare features. */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { AtLeastZero, Strict } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/**
 * Keras' form (McMahan et al. 2013), with k = -learning_rate_power: n' = n + g²;
 * z' = z + g + 2·shrinkage·w - (n'ᵏ - nᵏ)/rate·w; w' = (clip(z', ±l1) - z')/((n'ᵏ + beta)/rate + 2·l2).
 * The sum n takes the plain gradient, not the one with shrinkage in it.
 *
 * The next weight comes from z alone, which starts at 0: the first step discards the initial weights, and a weight whose
 * gradient is 0 becomes 0 there. That is FTRL, and Keras does the same. A rate of 0 has no meaning, so a number must be
 * above 0.
 * @see https://keras.io/api/optimizers/ftrl/
 */
export const ftrl = defineOptimizer({
  config: Strict(
    {
      name: NameOf('ftrl'),
      learning_rate: LearningRateArgument(0.001, { exclusiveMinimum: 0 }),
      learning_rate_power: Type.Number({ maximum: 0, default: -0.5 }),
      initial_accumulator_value: AtLeastZero(0.1),
      l1_regularization_strength: AtLeastZero(0),
      l2_regularization_strength: AtLeastZero(0),
      l2_shrinkage_regularization_strength: AtLeastZero(0),
      beta: AtLeastZero(0),
      ...commonArguments,
    },
    'The first step discards the initial weights: a weight whose gradient is 0 there becomes 0, as in Keras',
  ),
  slots: ({ initial_accumulator_value }) => ({ accumulator: initial_accumulator_value, linear: 0 }),
  scalars: ({ beta, l2_regularization_strength }, _step, learningRate) => ({
    inverse_rate: 1 / learningRate,
    curvature: beta / learningRate + 2 * l2_regularization_strength,
  }),
  update: (op, { weight, gradient, slots, scalars }, config) => {
    const { learning_rate_power, l1_regularization_strength: l1, l2_shrinkage_regularization_strength: l2 } = config
    const accumulator = op.Add(slots.accumulator, op.Mul(gradient, gradient))
    const power = raise(op, accumulator, -learning_rate_power)
    const growth = op.Mul(op.Sub(power, raise(op, slots.accumulator, -learning_rate_power)), scalars.inverse_rate)
    const shrunk = l2 === 0 ? gradient : axpy(op, factor(op, 2 * l2, weight), weight, gradient)
    const linear = op.Add(slots.linear, op.Sub(shrunk, op.Mul(growth, weight)))
    // never 0, so that a weight without any gradient yet is 0 and not 0/0
    const quadratic = op.Max([
      op.Add(op.Mul(power, scalars.inverse_rate), scalars.curvature),
      factor(op, 1e-30, gradient),
    ])
    const clipped = l1 === 0 ? op.Neg(linear) : op.Sub(clip(op, linear, l1), linear)
    return { weight: op.Div(clipped, quadratic), slots: { accumulator, linear } }
  },
})

function raise(op: Builder, x: Real, exponent: number): Real {
  return exponent === 0.5 ? op.Sqrt(x) : op.Pow(x, factor(op, exponent, x))
}

function clip(op: Builder, x: Real, limit: number): Real {
  return op.Clip(x, op.scalar(-limit, x), op.scalar(limit, x))
}
