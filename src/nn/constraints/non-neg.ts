/** Weights of at least 0. */
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { defineConstraint } from './constraint.ts'

export const nonNeg = defineConstraint({
  config: Strict({ name: NameOf('non_neg', 'NonNeg') }),
  apply: (op, w) => op.Relu(w),
})
