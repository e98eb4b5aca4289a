/** Values with their mean taken off and divided by their deviation. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'

/** (x - mean)/√(variance + epsilon), both over `axes` of the values themselves; the variance is that of the population. */
export function standardized(op: Builder, x: Real, axes: readonly number[], epsilon: number): Real {
  const over = op.ints(axes)
  const centred = op.Sub(x, op.ReduceMean(x, over, { keepdims: 1 }))
  const variance = op.ReduceMean(op.Mul(centred, centred), over, { keepdims: 1 })
  return op.Div(centred, op.Sqrt(op.Add(variance, op.scalar(epsilon, variance))))
}

/** gamma·x + beta, where they are. */
export function scaledAndCentered(op: Builder, x: Real, gamma: Real | null, beta: Real | null): Real {
  const scaled = gamma ? op.Mul(x, gamma) : x
  return beta ? op.Add(scaled, beta) : scaled
}
