/** The form of a constraint: what a weight is moved to after every update. */
import type { TUnsafe } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import type { NamedConfig } from '../named.ts'

export interface Constraint<C extends NamedConfig = NamedConfig> {
  readonly config: TUnsafe<C>
  /** What does not fit about the shape of a weight, or null. Left out: any shape fits. */
  misfit?(config: C, shape: readonly number[]): string | null
  /** The nearest allowed values, in the shape of `w`. */
  apply(op: Builder, w: Real, config: C): Real
}

export function defineConstraint<C extends NamedConfig>(constraint: Constraint<C>): Constraint {
  return constraint
}
