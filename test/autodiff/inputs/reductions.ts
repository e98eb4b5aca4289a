/** Gradient test inputs of the reductions: any axes, kept or not. */
import fc from 'fast-check'
import type { Builder } from '../../../src/onnx/builder.ts'
import type { Reduction } from '../../../src/onnx/ops.ts'
import type { Index, Real } from '../../../src/onnx/value.ts'
import type { Trial } from '../../support/check-vjp.ts'
import { anyShape, awayFromZero, distinct, smooth, trials, type Values } from '../draw.ts'

type Reduce = (op: Builder, x: Real, axes: Index | null, attributes: Reduction) => Real

/** The axes chosen, counted from the front or the back; none of them: all, by leaving the input out. */
const plan = fc
  .record({ shape: anyShape(), chosen: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), back: fc.boolean() })
  .chain(({ shape, chosen, back }) => {
    const axes = shape.flatMap((_, axis) => (chosen[axis] ? [back ? axis - shape.length : axis] : []))
    return fc.constantFrom<Reduction>({}, { keepdims: 1 }, { keepdims: 0 }).map((attributes) => ({
      shapes: [shape],
      axes,
      attributes,
    }))
  })

function reduction(values: Values, reduce: Reduce): fc.Arbitrary<Trial> {
  return trials({
    plan,
    values,
    call: (op, [x], { axes, attributes }) => reduce(op, x as Real, axes.length > 0 ? op.ints(axes) : null, attributes),
  })
}

export const reductionInputs = {
  ReduceSum: reduction(smooth, (op, ...args) => op.ReduceSum(...args)),
  ReduceMean: reduction(smooth, (op, ...args) => op.ReduceMean(...args)),
  ReduceMax: reduction(distinct, (op, ...args) => op.ReduceMax(...args)),
  ReduceMin: reduction(distinct, (op, ...args) => op.ReduceMin(...args)),
  ReduceSumSquare: reduction(smooth, (op, ...args) => op.ReduceSumSquare(...args)),
  ReduceL2: reduction(awayFromZero, (op, ...args) => op.ReduceL2(...args)),
  ReduceLogSumExp: reduction(smooth, (op, ...args) => op.ReduceLogSumExp(...args)),
}
