/** A learning rate that goes down along half a cosine again and again (SGDR, Loshchilov & Hutter 2016). */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { AtLeastZero, Strict } from '../strict.ts'
import { decay_steps, initial_learning_rate } from './arguments.ts'
import { defineSchedule } from './schedule.ts'

/**
 * Period i is first_decay_steps·t_mulⁱ steps long and starts m_mulⁱ times as high; within it, at a share s of its length,
 * the rate is initial_learning_rate·((1-alpha)·½·m_mulⁱ·(1 + cos(π·s)) + alpha). t_mul is at least 1: shorter and shorter
 * periods would come to an end.
 * @see https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay_restarts/
 */
export const cosineDecayRestarts = defineSchedule({
  config: Strict({
    name: NameOf('cosine_decay_restarts'),
    initial_learning_rate,
    first_decay_steps: decay_steps,
    t_mul: Type.Number({ minimum: 1, default: 2 }),
    m_mul: AtLeastZero(1),
    alpha: AtLeastZero(0, 'What is left at the end, as a share'),
  }),
  rate: ({ initial_learning_rate, first_decay_steps, t_mul, m_mul, alpha }, step) => {
    const { period, share } = periodOf(step / first_decay_steps, t_mul)
    const height = 0.5 * m_mul ** period * (1 + Math.cos(Math.PI * share))
    return initial_learning_rate * ((1 - alpha) * height + alpha)
  },
})

/** In which period a time lies, in units of the first one, and how far into it. */
function periodOf(time: number, t_mul: number): { period: number; share: number } {
  if (t_mul === 1) return { period: Math.floor(time), share: time % 1 }
  const startOf = (period: number) => (t_mul ** period - 1) / (t_mul - 1)
  // the logarithm's rounding may name the neighbour where a period begins
  const guess = Math.floor(Math.log(1 + time * (t_mul - 1)) / Math.log(t_mul))
  const period = startOf(guess + 1) <= time ? guess + 1 : startOf(guess) > time ? guess - 1 : guess
  return { period, share: (time - startOf(period)) / t_mul ** period }
}
