/** Adam: steps scaled by running means of the gradient and of its square. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { Decay, Strict } from '../strict.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/**
 * Keras' form of Adam (Kingma & Ba 2015, "before section 2.1"), epsilon outside of the bias correction:
 * m' = m + (1-β₁)(g-m); v' = v + (1-β₂)(g²-v); w' = w - rate·√(1-β₂ᵗ)/(1-β₁ᵗ) · m'/(√v' + ε).
 *
 * The slots are kept rescaled, M = m/(1-β₁) and V = v/(1-β₂), so that M' = β₁·M + g and V' = β₂·V + g² are one pass
 * each; the factors go into two numbers per step:
 * w' = w + descent · M'/(√V' + epsilon), descent = -rate·√(1-β₂ᵗ)/(1-β₁ᵗ)·(1-β₁)/√(1-β₂), epsilon = ε/√(1-β₂).
 * @see https://keras.io/api/optimizers/adam/
 */
export const adam = defineOptimizer({
  config: Strict({
    name: NameOf('adam'),
    learning_rate: LearningRateArgument(0.001),
    beta_1: Decay(0.9),
    beta_2: Decay(0.999),
    epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-7 }),
  }),
  slots: () => ({ first_moment: 0, second_moment: 0 }),
  scalars: ({ beta_1, beta_2, epsilon }, step, learningRate) => {
    const correction = Math.sqrt(1 - beta_2 ** step) / (1 - beta_1 ** step)
    return {
      descent: (-learningRate * correction * (1 - beta_1)) / Math.sqrt(1 - beta_2),
      epsilon: epsilon / Math.sqrt(1 - beta_2),
    }
  },
  update: (op, { weight, gradient, slots, scalars }, { beta_1, beta_2 }) => {
    const first_moment = axpy(op, factor(op, beta_1, gradient), slots.first_moment, gradient)
    const square = op.Mul(gradient, gradient)
    const second_moment = axpy(op, factor(op, beta_2, gradient), slots.second_moment, square)
    const step = op.Div(first_moment, op.Add(op.Sqrt(second_moment), scalars.epsilon))
    return { weight: axpy(op, scalars.descent, step, weight), slots: { first_moment, second_moment } }
  },
})
