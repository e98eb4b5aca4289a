/** The table of regularizers, by their Keras names. */
import type { NamedTable } from '../named.ts'
import { l1 } from './l1.ts'
import { l1l2 } from './l1-l2.ts'
import { l2 } from './l2.ts'
import { orthogonalRegularizer } from './orthogonal.ts'
import type { Regularizer } from './regularizer.ts'

export const regularizers: NamedTable<Regularizer> = {
  l1,
  l2,
  l1_l2: l1l2,
  orthogonal_regularizer: orthogonalRegularizer,
}
