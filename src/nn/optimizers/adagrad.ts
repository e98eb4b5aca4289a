/** Adagrad: gradients divided by the root of the sum of their squares. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { LearningRateArgument } from '../schedules/index.ts'
import { AtLeastZero, Strict } from '../strict.ts'
import { commonArguments } from './common.ts'
import { axpy, defineOptimizer, factor } from './optimizer.ts'

/**
 * Keras' form (Duchi et al. 2011), epsilon inside of the root and a sum that starts above 0: a' = a + g²;
 * w' = w - rate·g/√(a' + ε).
 * @see https://keras.io/api/optimizers/adagrad/
 */
export const adagrad = defineOptimizer({
  config: Strict({
    name: NameOf('adagrad'),
    learning_rate: LearningRateArgument(0.001),
    initial_accumulator_value: AtLeastZero(0.1),
    epsilon: Type.Number({ exclusiveMinimum: 0, default: 1e-7 }),
    ...commonArguments,
  }),
  slots: ({ initial_accumulator_value }) => ({ accumulator: initial_accumulator_value }),
  scalars: (_config, _step, learningRate) => ({ descent: -learningRate }),
  update: (op, { weight, gradient, slots, scalars }, { epsilon }) => {
    const accumulator = op.Add(slots.accumulator, op.Mul(gradient, gradient))
    const step = op.Div(gradient, op.Sqrt(op.Add(accumulator, factor(op, epsilon, gradient))))
    return { weight: axpy(op, scalars.descent, step, weight), slots: { accumulator } }
  },
})
