/** The table of learning rate schedules, and learning rates as requests give them: a number or a schedule. */
import { type TUnsafe, Type } from 'typebox'
import { entryOf, type NamedConfig, type NamedTable, resolveNamed } from '../named.ts'
import { constant } from './constant.ts'
import type { Schedule } from './schedule.ts'

export const schedules: NamedTable<Schedule> = { constant }

export type LearningRate = number | NamedConfig

/** The argument `learning_rate` of an optimizer. */
export function LearningRateArgument(fallback: number): TUnsafe<LearningRate> {
  return Type.Unsafe<LearningRate>({
    anyOf: [
      { type: 'number', minimum: 0 },
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

/** The learning rate of the update after `step` updates (the first one is step 0). */
export function learningRateAt(given: LearningRate, step: number): number {
  if (typeof given === 'number') return given
  const config = resolveNamed(schedules, given)
  return entryOf(schedules, config).rate(config, step)
}
