/** Values that gradients take for constants, although they are computed. */
import type { Builder } from './builder.ts'
import type { Real, Value } from './value.ts'

const constants = new WeakSet<Value>()

/** The same numbers, through which no gradient passes. */
export function withoutGradient(op: Builder, x: Real): Real {
  const y = op.Identity(x)
  constants.add(y)
  return y
}

/** Whether a gradient ends at the value. */
export function hasNoGradient(y: Value): boolean {
  return constants.has(y)
}
