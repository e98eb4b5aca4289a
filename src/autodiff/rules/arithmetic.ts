/** Gradient rules of the elementwise operators of several inputs. They give the shape of the output; the walk sums it back. */
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { unless, where } from '../masks.ts'
import type { Cotangent, VjpRules } from '../vjp.ts'

export const arithmetic = {
  Add: (_, __, dy) => [dy, dy],
  Sub: (op, _, dy) => [dy, op.Neg(dy)],
  Mul: (op, { inputs: [a, b] }, dy) => [op.Mul(dy, b), op.Mul(dy, a)],
  Div: (op, { inputs: [, b], outputs: [y] }, dy) => {
    const da = op.Div(dy, b)
    return [da, op.Neg(op.Mul(da, y))]
  },
  Pow: (op, { inputs: [x, exponent], outputs: [y] }, dy) => {
    // ONNX allows an integer exponent, which has no gradient
    const p = exponent.type === x.type ? exponent : op.Cast(exponent, { to: x.type })
    const base = op.Where(op.Greater(x, op.scalar(0, x)), op.Log(x), op.scalar(0, x))
    return [powerSlope(op, x, p, y, dy), exponent === p ? op.Mul(op.Mul(dy, y), base) : null]
  },
  /** `fmod`: y = a - b·trunc(a/b), whose quotient is a whole number. */
  Mod: (op, { inputs: [a, b], outputs: [y] }, dy) => [dy, op.Mul(dy, op.Round(op.Div(op.Sub(y, a), b)))],
  Max: (op, { inputs, outputs: [y] }, dy) => firstEqual(op, inputs, y, dy),
  Min: (op, { inputs, outputs: [y] }, dy) => firstEqual(op, inputs, y, dy),
  Sum: (_, { inputs }, dy) => inputs.map(() => dy),
  Where: (op, { inputs: [condition] }, dy) => [null, where(op, condition, dy), unless(op, condition, dy)],
} satisfies VjpRules<'Add' | 'Sub' | 'Mul' | 'Div' | 'Pow' | 'Mod' | 'Max' | 'Min' | 'Sum' | 'Where'>

/** dy · p·x^(p-1); 0 for p = 0, also at x = 0, where 0·0⁻¹ would be NaN. The usual exponents go without `Pow`, which is slow. */
function powerSlope(op: Builder, x: Real, p: Real, y: Real, dy: Real): Cotangent {
  const known = p.shape.length === 0 && p.data ? Number(p.data.data[0]) : null
  if (known === 0) return null
  if (known === 1) return dy
  if (known === 2) return op.Mul(dy, op.Mul(x, op.scalar(2, x)))
  if (known === 0.5) return op.Div(op.Mul(dy, op.scalar(0.5, dy)), y)
  const slope = op.Mul(p, op.Pow(x, op.Sub(p, op.scalar(1, p))))
  return op.Mul(dy, known === null ? op.Where(op.Equal(p, op.scalar(0, p)), op.scalar(0, p), slope) : slope)
}

/** Ties go to the first input, as TensorFlow's `maximum` gives them to its left one. */
function firstEqual(op: Builder, inputs: readonly Real[], y: Real, dy: Real): Real[] {
  let rest = dy
  return inputs.map((x, i) => {
    if (i === inputs.length - 1) return rest
    const chosen = op.Equal(x, y)
    const dx = where(op, chosen, rest)
    rest = unless(op, chosen, rest)
    return dx
  })
}
