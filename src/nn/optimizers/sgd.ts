/** Stochastic gradient descent, with momentum and Nesterov's form. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { Strict, Switch } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/**
 * v' = momentum·v - rate·g; w' = w + v', or with Nesterov w + momentum·v' - rate·g. Without momentum w' = w - rate·g.
 * The rate is inside of the velocity, as in Keras (PyTorch keeps it outside, which differs where the rate changes).
 * @see https://keras.io/api/optimizers/sgd/
 */
export const sgd = defineOptimizer({
  config: Strict({
    name: NameOf('sgd'),
    learning_rate: LearningRateArgument(0.01),
    momentum: Type.Number({ minimum: 0, maximum: 1, default: 0 }),
    nesterov: Switch(false),
    ...commonArguments,
  }),
  slots: ({ momentum }): Readonly<Record<string, number>> => (momentum === 0 ? {} : { velocity: 0 }),
  scalars: (_config, _step, learningRate) => ({ descent: -learningRate }),
  update: (op, { weight, gradient, slots, scalars: { descent } }, { momentum, nesterov }) => {
    const { velocity } = slots
    if (!velocity) return { weight: axpy(op, descent, gradient, weight), slots: {} }
    const next = axpy(op, descent, gradient, velocity, momentum)
    const weightAfter = nesterov
      ? axpy(op, descent, gradient, axpy(op, factor(op, momentum, next), next, weight))
      : op.Add(weight, next)
    return { weight: weightAfter, slots: { velocity: next } }
  },
})
