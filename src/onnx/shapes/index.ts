/** The table of shape rules, total over the operators: an operator without its rule does not compile. */
import type { OpType } from '../ops.ts'
import { controlShapes } from './control.ts'
import { elementwiseShapes } from './elementwise.ts'
import { linalgShapes } from './linalg.ts'
import { placeShapes } from './places.ts'
import { recurrenceShapes } from './recurrence.ts'
import { reductionShapes } from './reductions.ts'
import type { ShapeRule } from './rule.ts'
import { spatialShapes } from './spatial.ts'

export const shapeRules: Readonly<Record<OpType, ShapeRule>> = {
  ...elementwiseShapes,
  ...linalgShapes,
  ...reductionShapes,
  ...placeShapes,
  ...spatialShapes,
  ...recurrenceShapes,
  ...controlShapes,
}
