/** Nadam: Adam with Nesterov's momentum, whose strength grows over the first steps. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { Decay, Strict } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/** How fast the momentum comes to its full strength; a constant in Keras and in Dozat's paper. */
const growth = 0.96

/** The strength at a step, as a share of beta_1. */
const strength = (step: number): number => 1 - 0.5 * growth ** step

/** Products of the strengths of the steps up to i; after these the strength is 1 in float64. */
const strengths: readonly number[] = productsOfStrengths(1000)

function productsOfStrengths(steps: number): number[] {
  const products = [1]
  for (let step = 1; step <= steps; step++) products.push((products[step - 1] as number) * strength(step))
  return products
}

/** The product of the momenta of the steps up to this one, u₁·u₂·…·uₜ. */
function momentumProduct(beta_1: number, step: number): number {
  return beta_1 ** step * (strengths[Math.min(step, strengths.length - 1)] as number)
}

/**
 * Keras' form (Dozat 2016): m and v as in Adam; uₜ = β₁(1 - ½·0.96ᵗ), P = u₁·…·uₜ;
 * m̂ = uₜ₊₁·m'/(1 - P·uₜ₊₁) + (1-uₜ)·g/(1 - P); v̂ = v'/(1-β₂ᵗ); w' = w - rate·m̂/(√v̂ + ε): epsilon stands after the
 * bias correction here, unlike in Keras' Adam.
 *
 * M = m/(1-β₁) and V = v/(1-β₂) are kept rescaled; with s = √((1-β₂)/(1-β₂ᵗ)), √v̂ = s·√V', and 1/s goes into the
 * three numbers of a step.
 * @see https://keras.io/api/optimizers/Nadam/
 */
export const nadam = defineOptimizer({
  config: Strict({
    name: NameOf('nadam'),
    learning_rate: LearningRateArgument(0.001),
    beta_1: Decay(0.9),
    beta_2: Decay(0.999),
    epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-7 }),
    ...commonArguments,
  }),
  slots: () => ({ first_moment: 0, second_moment: 0 }),
  scalars: ({ beta_1, beta_2, epsilon }, step, learningRate) => {
    const scale = Math.sqrt((1 - beta_2) / (1 - beta_2 ** step))
    const next = beta_1 * strength(step + 1)
    const [product, nextProduct] = [momentumProduct(beta_1, step), momentumProduct(beta_1, step + 1)]
    return {
      moment_descent: (-learningRate * next * (1 - beta_1)) / ((1 - nextProduct) * scale),
      gradient_descent: (-learningRate * (1 - beta_1 * strength(step))) / ((1 - product) * scale),
      epsilon: epsilon / scale,
    }
  },
  update: (op, { weight, gradient, slots, scalars }, { beta_1, beta_2 }) => {
    const first_moment = axpy(op, factor(op, beta_1, gradient), slots.first_moment, gradient)
    const square = op.Mul(gradient, gradient)
    const second_moment = axpy(op, factor(op, beta_2, gradient), slots.second_moment, square)
    const ahead = axpy(op, scalars.moment_descent, first_moment, op.Mul(gradient, scalars.gradient_descent))
    const step = op.Div(ahead, op.Add(op.Sqrt(second_moment), scalars.epsilon))
    return { weight: op.Add(weight, step), slots: { first_moment, second_moment } }
  },
})
