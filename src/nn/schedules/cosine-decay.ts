/** A learning rate that goes down along half a cosine, after a linear warm-up where asked for. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { AtLeastZero, maxLength, Strict } from '../strict.ts'
import { decay_steps, initial_learning_rate } from './arguments.ts'
import { defineSchedule } from './schedule.ts'

/**
 * From r = initial_learning_rate: r·((1-alpha)·½(1 + cos(π·step/decay_steps)) + alpha), and r·alpha after decay_steps.
 * With a warmup_target the rate first goes in a line from initial_learning_rate to it, over warmup_steps; the decay then
 * starts from r = warmup_target (Loshchilov & Hutter 2016; warm-up: Goyal et al. 2017).
 * @see https://keras.io/api/optimizers/learning_rate_schedules/cosine_decay/
 */
export const cosineDecay = defineSchedule({
  config: Strict({
    name: NameOf('cosine_decay'),
    initial_learning_rate,
    decay_steps,
    alpha: AtLeastZero(0, 'What is left at the end, as a share'),
    warmup_target: Type.Unsafe<number | null>({ type: ['number', 'null'], minimum: 0, default: null }),
    warmup_steps: Type.Integer({ minimum: 0, maximum: maxLength, default: 0 }),
  }),
  rate: ({ initial_learning_rate, decay_steps, alpha, warmup_target, warmup_steps }, step) => {
    const [from, first] = warmup_target === null ? [initial_learning_rate, 0] : [warmup_target, warmup_steps]
    if (step < first) return initial_learning_rate + ((from - initial_learning_rate) * step) / first
    const share = Math.min(1, (step - first) / decay_steps)
    return from * ((1 - alpha) * 0.5 * (1 + Math.cos(Math.PI * share)) + alpha)
  },
})
