/** Inputs for the gradient test of each operator. The table is total: an operator without a gradient test does not compile. */
import type fc from 'fast-check'
import type { DifferentiableOp } from '../../src/onnx/ops.ts'
import type { Trial } from '../support/check-vjp.ts'
import { controlInputs } from './inputs/control.ts'
import { elementwiseInputs } from './inputs/elementwise.ts'
import { linalgInputs } from './inputs/linalg.ts'
import { placeInputs } from './inputs/places.ts'
import { reductionInputs } from './inputs/reductions.ts'
import { spatialInputs } from './inputs/spatial.ts'

export const inputsOf: Readonly<Record<DifferentiableOp, fc.Arbitrary<Trial>>> = {
  ...elementwiseInputs,
  ...linalgInputs,
  ...reductionInputs,
  ...placeInputs,
  ...spatialInputs,
  ...controlInputs,
}
