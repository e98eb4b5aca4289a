/** Gradient rules of the operators that map each element of one input. `y` is reused where it is cheaper than `x`. */
import { signOf } from '../masks.ts'
import type { VjpRules } from '../vjp.ts'

export const elementwise = {
  Neg: (op, _, dy) => [op.Neg(dy)],
  /** 0 at the kink, as in TensorFlow. */
  Abs: (op, { inputs: [x] }, dy) => [op.Mul(dy, signOf(op, x))],
  Sign: () => [null],
  Exp: (op, { outputs: [y] }, dy) => [op.Mul(dy, y)],
  Log: (op, { inputs: [x] }, dy) => [op.Div(dy, x)],
  /** Infinite at 0, as in TensorFlow: what needs a slope there adds an epsilon first. */
  Sqrt: (op, { outputs: [y] }, dy) => [op.Div(op.Mul(dy, op.scalar(0.5, dy)), y)],
  Reciprocal: (op, { outputs: [y] }, dy) => [op.Neg(op.Mul(dy, op.Mul(y, y)))],
  Floor: () => [null],
  Ceil: () => [null],
  Round: () => [null],
  Sin: (op, { inputs: [x] }, dy) => [op.Mul(dy, op.Cos(x))],
  Cos: (op, { inputs: [x] }, dy) => [op.Neg(op.Mul(dy, op.Sin(x)))],
  /** 2/√π · exp(-x²). */
  Erf: (op, { inputs: [x] }, dy) => [
    op.Mul(dy, op.Mul(op.Exp(op.Neg(op.Mul(x, x))), op.scalar(2 / Math.sqrt(Math.PI), x))),
  ],
  Identity: (_, __, dy) => [dy],
  /** Asked from one real type to another only: integers end the path. */
  Cast: (op, { inputs: [x] }, dy) => [dy.type === x.type ? dy : op.Cast(dy, { to: x.type })],
} satisfies VjpRules<
  | 'Neg'
  | 'Abs'
  | 'Sign'
  | 'Exp'
  | 'Log'
  | 'Sqrt'
  | 'Reciprocal'
  | 'Floor'
  | 'Ceil'
  | 'Round'
  | 'Sin'
  | 'Cos'
  | 'Erf'
  | 'Identity'
  | 'Cast'
>
