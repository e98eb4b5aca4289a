/** The table of constraints, by their Keras names. */
import type { NamedTable } from '../named.ts'
import type { Constraint } from './constraint.ts'
import { nonNeg } from './non-neg.ts'
import { maxNorm, minMaxNorm, unitNorm } from './norms.ts'

export const constraints: NamedTable<Constraint> = {
  max_norm: maxNorm,
  non_neg: nonNeg,
  unit_norm: unitNorm,
  min_max_norm: minMaxNorm,
}
