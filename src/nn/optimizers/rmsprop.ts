/** RMSprop: gradients divided by the root of the running mean of their squares. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { Decay, Strict, Switch } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/**
 * Keras' form (Hinton 2012; centered: Graves 2013), epsilon inside of the root:
 * v' = ρ·v + (1-ρ)·g²; centered a' = ρ·a + (1-ρ)·g, d = v' - a'² + ε, else d = v' + ε; i = rate·g/√d;
 * with momentum b' = momentum·b + i, w' = w - b', else w' = w - i.
 *
 * The mean square and mean gradient are kept rescaled, V = v/(1-ρ) and A = a/(1-ρ), so that each is one pass:
 * d = (1-ρ)·(V' - (1-ρ)·A'² + ε/(1-ρ)). The momentum b is kept with the opposite sign, to be added.
 * @see https://keras.io/api/optimizers/rmsprop/
 */
export const rmsprop = defineOptimizer({
  config: Strict({
    name: NameOf('rmsprop'),
    learning_rate: LearningRateArgument(0.001),
    rho: Decay(0.9),
    momentum: Decay(0),
    epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-7 }),
    centered: Switch(false),
    ...commonArguments,
  }),
  slots: ({ momentum, centered }): Readonly<Record<string, number>> => ({
    mean_square: 0,
    ...(centered ? { mean_gradient: 0 } : {}),
    ...(momentum === 0 ? {} : { velocity: 0 }),
  }),
  scalars: ({ rho, epsilon }, _step, learningRate) => ({
    descent: -learningRate / Math.sqrt(1 - rho),
    epsilon: epsilon / (1 - rho),
  }),
  update: (op, { weight, gradient, slots, scalars: { descent, epsilon } }, { rho, momentum }) => {
    const decay = factor(op, rho, gradient)
    const mean_square = axpy(op, decay, slots.mean_square as typeof weight, op.Mul(gradient, gradient))
    const next: Record<string, typeof weight> = { mean_square }
    let spread = mean_square
    if (slots.mean_gradient) {
      next.mean_gradient = axpy(op, decay, slots.mean_gradient, gradient)
      const squared = op.Mul(next.mean_gradient, next.mean_gradient)
      spread = axpy(op, factor(op, rho - 1, squared), squared, mean_square)
    }
    const step = op.Div(gradient, op.Sqrt(op.Add(spread, epsilon)))
    if (!slots.velocity) return { weight: axpy(op, descent, step, weight), slots: next }
    next.velocity = axpy(op, descent, step, slots.velocity, momentum)
    return { weight: op.Add(weight, next.velocity), slots: next }
  },
})
