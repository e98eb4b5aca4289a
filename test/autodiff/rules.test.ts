import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rules } from '../../src/autodiff/rules/index.ts'
import type { DifferentiableOp } from '../../src/onnx/ops.ts'
import { checkVjp } from '../support/check-vjp.ts'
import { inputsOf } from './inputs-of.ts'

const differentiable = Object.keys(inputsOf) as DifferentiableOp[]

test('the table of test inputs covers the table of rules', () => {
  expect(differentiable.sort()).toEqual(Object.keys(rules).sort())
})

test.each(differentiable)('%s: its rule agrees with central differences', (type) =>
  fc.assert(
    fc.asyncProperty(inputsOf[type], (trial) => checkVjp(type, trial)),
    { numRuns: 20 },
  ),
)
