/** The form of a regularizer: a penalty on large values, added to the loss. */
import type { TUnsafe } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import type { NamedConfig } from '../named.ts'

export interface Regularizer<C extends NamedConfig = NamedConfig> {
  readonly config: TUnsafe<C>
  /** What does not fit about the shape of a weight, or null. Left out: any shape fits. */
  misfit?(config: C, shape: readonly number[]): string | null
  /** The penalty of all values of `x`, a scalar. */
  penalty(op: Builder, x: Real, config: C): Real
}

export function defineRegularizer<C extends NamedConfig>(regularizer: Regularizer<C>): Regularizer {
  return regularizer
}

/** factor · Σ|x| */
export function sumOfAbsolutes(op: Builder, x: Real, factor: number): Real {
  return op.Mul(op.ReduceSum(op.Abs(x), null, { keepdims: 0 }), op.scalar(factor, x))
}

/** factor · Σx² */
export function sumOfSquares(op: Builder, x: Real, factor: number): Real {
  return op.Mul(op.ReduceSum(op.Mul(x, x), null, { keepdims: 0 }), op.scalar(factor, x))
}
