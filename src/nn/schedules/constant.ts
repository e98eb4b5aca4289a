/** The same learning rate at every step; what a plain number means. */
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { defineSchedule } from './schedule.ts'

export const constant = defineSchedule({
  config: Strict({ name: NameOf('constant'), learning_rate: NonNegative }),
  rate: ({ learning_rate }) => learning_rate,
})
