/** The form of a schedule: the learning rate as a function of the step. */
import type { TUnsafe } from 'typebox'
import type { NamedConfig } from '../named.ts'

export interface Schedule<C extends NamedConfig = NamedConfig> {
  readonly config: TUnsafe<C>
  /** The learning rate of the update after `step` updates: the first one is step 0, as in Keras. */
  rate(config: C, step: number): number
}

export function defineSchedule<C extends NamedConfig>(schedule: Schedule<C>): Schedule {
  return schedule
}
