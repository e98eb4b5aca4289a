/** A learning rate divided by a number that grows with the steps. */
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { decay_steps, initial_learning_rate, staircase } from './arguments.ts'
import { defineSchedule } from './schedule.ts'

/**
 * initial_learning_rate / (1 + decay_rate · step/decay_steps), the quotient rounded down with staircase.
 * @see https://keras.io/api/optimizers/learning_rate_schedules/inverse_time_decay/
 */
export const inverseTimeDecay = defineSchedule({
  config: Strict({
    ...{ name: NameOf('inverse_time_decay'), initial_learning_rate, decay_steps, decay_rate: NonNegative, staircase },
  }),
  rate: ({ initial_learning_rate, decay_steps, decay_rate, staircase }, step) => {
    const periods = staircase ? Math.floor(step / decay_steps) : step / decay_steps
    return initial_learning_rate / (1 + decay_rate * periods)
  },
})
