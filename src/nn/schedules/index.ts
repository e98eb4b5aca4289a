/** The table of learning rate schedules, and learning rates as requests give them: a number or a schedule. */
import { type TUnsafe, Type } from 'typebox'
import { entryOf, type NamedConfig, type NamedTable, resolveNamed } from '../named.ts'
import { constant } from './constant.ts'
import { cosineDecay } from './cosine-decay.ts'
import { cosineDecayRestarts } from './cosine-decay-restarts.ts'
import { exponentialDecay } from './exponential-decay.ts'
import { inverseTimeDecay } from './inverse-time-decay.ts'
import { piecewiseConstantDecay } from './piecewise-constant-decay.ts'
import { polynomialDecay } from './polynomial-decay.ts'
import type { Misfit, Schedule } from './schedule.ts'

export const schedules: NamedTable<Schedule> = {
  constant,
  inverse_time_decay: inverseTimeDecay,
  exponential_decay: exponentialDecay,
  piecewise_constant_decay: piecewiseConstantDecay,
  polynomial_decay: polynomialDecay,
  cosine_decay: cosineDecay,
  cosine_decay_restarts: cosineDecayRestarts,
}

export type LearningRate = number | NamedConfig

/** The argument `learning_rate` of an optimizer; `limits` are those of a plain number. */
export function LearningRateArgument(fallback: number, limits: object = { minimum: 0 }): TUnsafe<LearningRate> {
  return Type.Unsafe<LearningRate>({
    anyOf: [
      { type: 'number', ...limits },
      {
        type: 'object',
        discriminator: { propertyName: 'name' },
        required: ['name'],
        oneOf: Object.values(schedules).map(({ config }) => config),
      },
    ],
    default: fallback,
  })
}

/** A learning rate with every default of its schedule filled in. */
export function resolveLearningRate(given: LearningRate): LearningRate {
  return typeof given === 'number' ? given : resolveNamed(schedules, given)
}

/** What does not go together in the arguments of a resolved schedule; null where all does. */
export function scheduleMisfit(resolved: LearningRate): Misfit | null {
  return typeof resolved === 'number' ? null : (entryOf(schedules, resolved).misfit?.(resolved) ?? null)
}

/** The learning rate of the update after `step` updates (the first one is step 0), from a resolved one. */
export function learningRateAt(resolved: LearningRate, step: number): number {
  return typeof resolved === 'number' ? resolved : entryOf(schedules, resolved).rate(resolved, step)
}
