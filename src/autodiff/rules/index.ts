/** The table of gradient rules, total over the differentiable operators: one without its rule does not compile. */
import type { VjpRules } from '../vjp.ts'
import { activations } from './activations.ts'
import { arithmetic } from './arithmetic.ts'
import { chance } from './chance.ts'
import { control } from './control.ts'
import { cuts } from './cuts.ts'
import { elementwise } from './elementwise.ts'
import { indexing } from './indexing.ts'
import { linalg } from './linalg.ts'
import { places } from './places.ts'
import { reductions } from './reductions.ts'
import { convolutions } from './spatial-convolutions.ts'
import { pools } from './spatial-pools.ts'
import { resizes } from './spatial-resize.ts'

export const rules: VjpRules = {
  ...elementwise,
  ...activations,
  ...arithmetic,
  ...linalg,
  ...reductions,
  ...places,
  ...cuts,
  ...indexing,
  ...chance,
  ...convolutions,
  ...pools,
  ...resizes,
  ...control,
}
