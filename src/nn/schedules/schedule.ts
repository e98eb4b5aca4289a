/** The form of a schedule: the learning rate as a function of the step. */
import type { TUnsafe } from 'typebox'
import type { NamedConfig } from '../named.ts'

/** A mistake in arguments that are each right alone: where (a JSON pointer into them) and what to do. */
export interface Misfit {
  readonly pointer: string
  readonly detail: string
}

export interface Schedule<C extends NamedConfig = NamedConfig> {
  readonly config: TUnsafe<C>
  /** What does not go together in the arguments; null where all does. */
  misfit?(config: C): Misfit | null
  /** The learning rate of the update after `step` updates, in float64: the first one is step 0, as in Keras. */
  rate(config: C, step: number): number
}

export function defineSchedule<C extends NamedConfig>(schedule: Schedule<C>): Schedule {
  return schedule
}
