/** Adadelta: steps as large as the recent ones, relative to the recent gradients. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { Decay, Strict } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/**
 * Zeiler 2012, epsilon inside of both roots: a' = ρ·a + (1-ρ)·g²; s = √(d + ε)/√(a' + ε)·g; d' = ρ·d + (1-ρ)·s²;
 * w' = w - rate·s. The paper has no rate (1); Keras' default is 0.001, with which it moves slowly.
 * @see https://keras.io/api/optimizers/adadelta/
 */
export const adadelta = defineOptimizer({
  config: Strict({
    name: NameOf('adadelta'),
    learning_rate: LearningRateArgument(0.001),
    rho: Decay(0.95),
    epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-7 }),
    ...commonArguments,
  }),
  slots: () => ({ mean_square: 0, mean_square_step: 0 }),
  scalars: (_config, _step, learningRate) => ({ descent: -learningRate }),
  update: (op, { weight, gradient, slots, scalars }, { rho, epsilon }) => {
    const decay = factor(op, rho, gradient)
    const small = factor(op, epsilon, gradient)
    const mean_square = axpy(op, decay, slots.mean_square, op.Mul(gradient, gradient), 1 - rho)
    const ratio = op.Div(op.Add(slots.mean_square_step, small), op.Add(mean_square, small))
    const step = op.Mul(op.Sqrt(ratio), gradient)
    const mean_square_step = axpy(op, decay, slots.mean_square_step, op.Mul(step, step), 1 - rho)
    return { weight: axpy(op, scalars.descent, step, weight), slots: { mean_square, mean_square_step } }
  },
})
