/** Truth that is less than sure, against overconfident networks. */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import type { LogitsConfig } from './from-logits.ts'

export const LabelSmoothing = Type.Number({
  minimum: 0,
  maximum: 1,
  default: 0,
  description: 'The share of the truth that is spread evenly over the classes',
})

/** The arguments of a crossentropy whose truth can be smoothed. */
export interface SmoothedConfig extends LogitsConfig {
  readonly label_smoothing: number
}

/** y·(1 - smoothing) + smoothing·even, `even` being the share of each class. @see Szegedy et al. 2016, section 7 */
export function smoothed(op: Builder, y: Real, smoothing: number, even: number): Real {
  if (smoothing === 0) return y
  return op.Add(op.Mul(y, op.scalar(1 - smoothing, y)), op.scalar(smoothing * even, y))
}
