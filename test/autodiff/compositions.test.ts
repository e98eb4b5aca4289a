import fc from 'fast-check'
import { test } from 'vitest'
import type { Builder } from '../../src/onnx/builder.ts'
import type { Real } from '../../src/onnx/value.ts'
import { checkVjp, type Trial } from '../support/check-vjp.ts'
import { inInterval, type Plan, trials } from './draw.ts'

/** Steps that keep the shape [batch, 3] and the size of their numbers; each takes two values made before. */
const steps: readonly ((op: Builder, a: Real, b: Real) => Real)[] = [
  (op, a, b) => op.Tanh(op.Add(a, b)),
  // not sigmoid(a)·a, which ONNX Runtime fuses to QuickGelu, even in float64, where that has no kernel
  (op, a, b) => op.Mul(op.Sigmoid(a), op.Add(b, op.scalar(1, b))),
  (op, a, b) => op.Div(a, op.Add(op.Exp(b), op.scalar(1, b))),
  (op, a, b) => op.Sub(op.Softmax(a, { axis: -1 }), op.Sin(b)),
  (op, a, b) => op.Sub(a, op.ReduceMean(b, op.ints([0]), {})),
  (op, a, b) => op.Mul(a, op.ReduceLogSumExp(b, op.ints([-1]), {})),
  (op, a, b) => op.MatMul(op.Tanh(a), op.MatMul(op.Transpose(b, { perm: [1, 0] }), op.Softmax(b, { axis: 0 }))),
  (op, a, b) => op.Slice(op.Concat([a, op.Cos(b)], { axis: 1 }), op.ints([1]), op.ints([4]), op.ints([1]), null),
  (op, a, b) => op.Reshape(op.Gather(op.Concat([a, b], { axis: 1 }), op.ints([5, 0, 5]), { axis: 1 }), op.Shape(a, {})),
  (op, a, b) => op.Where(op.Greater(op.ReduceSum(op.Exp(a), op.ints([1]), {}), op.scalar(0, a)), op.Neg(a), b),
  (op, a) => op.Mul(a, a),
  (op, a, b) => op.Gemm(a, op.Gemm(b, b, null, { transA: 1, alpha: 0.1 }), null, { transB: 1 }),
]

interface Composition extends Plan {
  readonly chosen: readonly { readonly step: number; readonly left: number; readonly right: number }[]
}

const compositions: fc.Arbitrary<Trial> = trials<Composition>({
  plan: fc
    .array(fc.record({ step: fc.nat(steps.length - 1), left: fc.nat(9), right: fc.nat(9) }), {
      minLength: 2,
      maxLength: 7,
    })
    .map((chosen) => ({ shapes: [['batch', 3], [3], ['batch', 1]], chosen })),
  values: inInterval(-1, 1),
  call: (op, [x, row, column], { chosen }) => {
    const made: Real[] = [x, op.Add(x, row), op.Mul(x, column)]
    const pick = (at: number) => made[at % made.length] as Real
    for (const { step, left, right } of chosen)
      made.push((steps[step] as (typeof steps)[0])(op, pick(left), pick(right)))
    return made.slice(-2)
  },
  types: ['float64'],
})

test('random small compositions agree with central differences', () =>
  fc.assert(
    fc.asyncProperty(compositions, (trial) => checkVjp(null, trial)),
    { numRuns: 60 },
  ))
