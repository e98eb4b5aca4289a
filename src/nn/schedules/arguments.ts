/** Arguments that several schedules share. */
import { Type } from 'typebox'
import { NonNegative, PositiveInteger, Switch } from '../strict.ts'

export const initial_learning_rate = NonNegative
/** Optimizer steps (batches), not epochs. */
export const decay_steps = Type.Unsafe<number>({ ...PositiveInteger, description: 'Batches, not epochs' })
export const staircase = Switch(false, 'Decay in whole steps of decay_steps')
