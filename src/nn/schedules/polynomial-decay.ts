/** A learning rate that goes down to another one along a polynomial. */
import { NameOf } from '../named.ts'
import { AtLeastZero, Strict, Switch } from '../strict.ts'
import { decay_steps, initial_learning_rate } from './arguments.ts'
import { defineSchedule } from './schedule.ts'

/**
 * (initial - end)·(1 - step/decay_steps)^power + end, and end after decay_steps. With cycle decay_steps becomes its next
 * multiple instead: the rate rises again, from a lower point each time.
 * @see https://keras.io/api/optimizers/learning_rate_schedules/polynomial_decay/
 */
export const polynomialDecay = defineSchedule({
  config: Strict({
    name: NameOf('polynomial_decay'),
    initial_learning_rate,
    decay_steps,
    end_learning_rate: AtLeastZero(0.0001),
    power: AtLeastZero(1),
    cycle: Switch(false, 'Start again with a longer decay whenever one is over'),
  }),
  rate: ({ initial_learning_rate: initial, decay_steps, end_learning_rate: end, power, cycle }, step) => {
    const cycles = cycle ? Math.max(1, Math.ceil(step / decay_steps)) : 1
    const share = Math.min(1, step / (decay_steps * cycles))
    return (initial - end) * (1 - share) ** power + end
  },
})
