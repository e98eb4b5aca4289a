/** Adam: steps scaled by running means of the gradient and of its square. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { Decay, Strict, Switch } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor, type Optimizer, type OptimizerConfig } from './optimizer.ts'

export const adamArguments = {
  learning_rate: LearningRateArgument(0.001),
  beta_1: Decay(0.9),
  beta_2: Decay(0.999),
  epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-7 }),
  amsgrad: Switch(false, 'Divide by the largest mean square so far, so that steps never grow again'),
}

interface AdamConfig extends OptimizerConfig {
  readonly beta_1: number
  readonly beta_2: number
  readonly epsilon: number
  readonly amsgrad: boolean
}

/**
 * Keras' form of Adam (Kingma & Ba 2015, "before section 2.1"), epsilon outside of the bias correction:
 * m' = m + (1-β₁)(g-m); v' = v + (1-β₂)(g²-v); w' = w - rate·√(1-β₂ᵗ)/(1-β₁ᵗ) · m'/(√v' + ε).
 * With amsgrad (Reddi et al. 2018) v' gives way to its largest value so far, before any bias correction.
 *
 * The slots are kept rescaled, M = m/(1-β₁) and V = v/(1-β₂), so that M' = β₁·M + g and V' = β₂·V + g² are one pass
 * each (the largest V is rescaled like V); the factors go into two numbers per step:
 * w' = w + descent · M'/(√V' + epsilon), descent = -rate·√(1-β₂ᵗ)/(1-β₁ᵗ)·(1-β₁)/√(1-β₂), epsilon = ε/√(1-β₂).
 * @see https://keras.io/api/optimizers/adam/
 */
export const adamRule: Omit<Optimizer<AdamConfig, string, 'descent' | 'epsilon'>, 'config'> = {
  slots: ({ amsgrad }): Readonly<Record<string, number>> => ({
    ...{ first_moment: 0, second_moment: 0 },
    ...(amsgrad ? { largest_second_moment: 0 } : {}),
  }),
  scalars: ({ beta_1, beta_2, epsilon }, step, learningRate) => {
    const correction = Math.sqrt(1 - beta_2 ** step) / (1 - beta_1 ** step)
    return {
      descent: (-learningRate * correction * (1 - beta_1)) / Math.sqrt(1 - beta_2),
      epsilon: epsilon / Math.sqrt(1 - beta_2),
    }
  },
  update: (op, { weight, gradient, slots, scalars }, { beta_1, beta_2 }) => {
    const first_moment = axpy(op, factor(op, beta_1, gradient), slots.first_moment as typeof weight, gradient)
    const square = op.Mul(gradient, gradient)
    const second_moment = axpy(op, factor(op, beta_2, gradient), slots.second_moment as typeof weight, square)
    const next: Record<string, typeof weight> = { first_moment, second_moment }
    let spread = second_moment
    if (slots.largest_second_moment) {
      spread = op.Max([slots.largest_second_moment, second_moment])
      next.largest_second_moment = spread
    }
    const step = op.Div(first_moment, op.Add(op.Sqrt(spread), scalars.epsilon))
    return { weight: axpy(op, scalars.descent, step, weight), slots: next }
  },
}

export const adam = defineOptimizer({
  config: Strict({ name: NameOf('adam'), ...adamArguments, ...commonArguments }),
  ...adamRule,
})
