/** A learning rate that changes at given steps. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { defineSchedule } from './schedule.ts'

/**
 * values[0] up to and with step boundaries[0], values[1] up to and with boundaries[1], …, the last value after them all.
 * Boundaries grow, and there is one value more than boundaries.
 * @see https://keras.io/api/optimizers/learning_rate_schedules/piecewise_constant_decay/
 */
export const piecewiseConstantDecay = defineSchedule({
  config: Strict({
    name: NameOf('piecewise_constant_decay'),
    boundaries: Type.Array(NonNegative, { minItems: 1 }),
    values: Type.Array(NonNegative, { minItems: 2 }),
  }),
  misfit: ({ boundaries, values }) => {
    if (values.length !== boundaries.length + 1) {
      const detail = `expected one value more than boundaries, received ${values.length} for ${boundaries.length} boundaries.`
      return { pointer: '/values', detail }
    }
    const at = boundaries.findIndex((boundary, i) => i > 0 && boundary <= (boundaries[i - 1] as number))
    if (at < 0) return null
    const detail = `boundaries must grow, received ${boundaries[at]} after ${boundaries[at - 1]}.`
    return { pointer: `/boundaries/${at}`, detail }
  },
  rate: ({ boundaries, values }, step) => {
    const piece = boundaries.findIndex((boundary) => step <= boundary)
    return values.at(piece) as number // -1, after the last boundary, is the last value
  },
})
