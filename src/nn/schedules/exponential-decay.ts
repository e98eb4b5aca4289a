/** A learning rate that loses the same share in every period. */
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { decay_steps, initial_learning_rate, staircase } from './arguments.ts'
import { defineSchedule } from './schedule.ts'

/**
 * initial_learning_rate · decay_rate^(step/decay_steps), the exponent rounded down with staircase.
 * @see https://keras.io/api/optimizers/learning_rate_schedules/exponential_decay/
 */
export const exponentialDecay = defineSchedule({
  config: Strict({
    ...{ name: NameOf('exponential_decay'), initial_learning_rate, decay_steps, decay_rate: NonNegative, staircase },
  }),
  rate: ({ initial_learning_rate, decay_steps, decay_rate, staircase }, step) => {
    const periods = staircase ? Math.floor(step / decay_steps) : step / decay_steps
    return initial_learning_rate * decay_rate ** periods
  },
})
