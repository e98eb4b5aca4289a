/** Adamax: Adam with the largest recent gradient in place of the mean square. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { Decay, Strict } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/**
 * Kingma & Ba 2015, section 7.1, with Keras' epsilon: m' = m + (1-β₁)(g-m); u' = max(β₂·u, |g|);
 * w' = w - rate/(1-β₁ᵗ) · m'/(u' + ε). The mean is kept rescaled, M = m/(1-β₁), as in Adam.
 * @see https://keras.io/api/optimizers/adamax/
 */
export const adamax = defineOptimizer({
  config: Strict({
    name: NameOf('adamax'),
    learning_rate: LearningRateArgument(0.001),
    beta_1: Decay(0.9),
    beta_2: Decay(0.999),
    epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-7 }),
    ...commonArguments,
  }),
  slots: () => ({ first_moment: 0, norm: 0 }),
  scalars: ({ beta_1 }, step, learningRate) => ({ descent: (-learningRate * (1 - beta_1)) / (1 - beta_1 ** step) }),
  update: (op, { weight, gradient, slots, scalars }, { beta_1, beta_2, epsilon }) => {
    const first_moment = axpy(op, factor(op, beta_1, gradient), slots.first_moment, gradient)
    const norm = op.Max([op.Mul(slots.norm, factor(op, beta_2, gradient)), op.Abs(gradient)])
    const step = op.Div(first_moment, op.Add(norm, factor(op, epsilon, gradient)))
    return { weight: axpy(op, scalars.descent, step, weight), slots: { first_moment, norm } }
  },
})
