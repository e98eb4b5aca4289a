/** Softmax over the steps that may be seen. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Bool, Real } from '../../../onnx/value.ts'
import type { Mask } from '../layer.ts'

export interface MaskSources {
  /** Which steps of the query are real, [batch, time]. */
  readonly query: Mask
  /** Which steps of value and key are real, [batch, source] each. */
  readonly seen: readonly Mask[]
  /** Whether a step sees only itself and those before it. */
  readonly causal: boolean
}

/** True where a step of the query may see a step of the source, broadcast to the scores; null where all is seen. */
export function attentionMask(op: Builder, scores: Real, { query, seen, causal }: MaskSources): Mask {
  const parts: Bool[] = []
  if (query) parts.push(op.Unsqueeze(query, op.ints([1, 3])))
  for (const mask of seen) if (mask) parts.push(op.Unsqueeze(mask, op.ints([1, 2])))
  if (causal) parts.push(causalMask(op, scores))
  return parts.length === 0 ? null : parts.reduce((all, mask) => op.And(all, mask))
}

/** [time, source]: true where the step of the source is not after that of the query. */
function causalMask(op: Builder, scores: Real): Bool {
  const steps = (axis: number) => {
    const length = op.Squeeze(op.Shape(scores, { start: axis, end: axis + 1 }), op.ints([0]))
    const int = (value: number) => op.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) })
    return op.Range(int(0), length, int(1))
  }
  return op.GreaterOrEqual(op.Unsqueeze(steps(2), op.ints([1])), op.Unsqueeze(steps(3), op.ints([0])))
}

/**
 * Softmax over the last axis of the scores [batch, heads, time, source], 0 where the mask hides the step. A step that sees
 * nothing is one that is not real itself: its mean over everything is masked further on, as Keras leaves it.
 */
export function maskedSoftmax(op: Builder, scores: Real, mask: Mask): Real {
  if (mask === null) return op.Softmax(scores, { axis: -1 })
  return op.Softmax(op.Where(mask, scores, op.scalar(-1e9, scores)), { axis: -1 })
}
