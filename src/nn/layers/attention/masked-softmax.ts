/** Softmax over the steps that may be seen. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Bool, Index, Real } from '../../../onnx/value.ts'
import type { Mask } from '../layer.ts'

export interface MaskSources {
  /** Which steps of the query are real, [batch, time]. */
  readonly query: Mask
  /** Which steps of value and key are real, [batch, source] each. */
  readonly seen: readonly Mask[]
  /** Whether a step sees only itself and those before it. */
  readonly causal: boolean
  /** A step sees those less than so many steps away; null: all. */
  readonly window: number | null
}

/** True where a step of the query may see a step of the source, broadcast to scores [batch, …, time, source]; null where all is seen. */
export function attentionMask(op: Builder, scores: Real, { query, seen, causal, window }: MaskSources): Mask {
  const heads = scores.shape.slice(1, -2).map((_, i) => i + 1)
  const last = scores.shape.length - 1
  const parts: Bool[] = []
  if (query) parts.push(op.Unsqueeze(query, op.ints([...heads, last])))
  for (const mask of seen) if (mask) parts.push(op.Unsqueeze(mask, op.ints([...heads, last - 1])))
  if (causal) parts.push(op.GreaterOrEqual(...stepPairs(op, scores)))
  if (window !== null) parts.push(nearby(op, scores, window))
  return parts.length === 0 ? null : parts.reduce((all, mask) => op.And(all, mask))
}

/** The numbers of the query's steps and of the source's, broadcast to [time, source]. */
function stepPairs(op: Builder, scores: Real): [time: Index, source: Index] {
  const rank = scores.shape.length
  const steps = (axis: number) => {
    const length = op.Squeeze(op.Shape(scores, { start: axis, end: axis + 1 }), op.ints([0]))
    const int = (value: number) => op.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) })
    return op.Range(int(0), length, int(1))
  }
  return [op.Unsqueeze(steps(rank - 2), op.ints([1])), op.Unsqueeze(steps(rank - 1), op.ints([0]))]
}

/** [time, source]: true where the steps are less than `window` apart. */
function nearby(op: Builder, scores: Real, window: number): Bool {
  const [time, source] = stepPairs(op, scores).map((steps) => op.Cast(steps, { to: scores.type })) as [Real, Real]
  return op.Less(op.Abs(op.Sub(time, source)), op.scalar(window, time))
}

/**
 * Softmax over the last axis of the scores [batch, …, time, source], 0 where the mask hides the step. A step that sees
 * nothing is one that is not real itself: its mean over everything is masked further on, as Keras leaves it.
 */
export function maskedSoftmax(op: Builder, scores: Real, mask: Mask): Real {
  if (mask === null) return op.Softmax(scores, { axis: -1 })
  return op.Softmax(op.Where(mask, scores, op.scalar(-1e9, scores)), { axis: -1 })
}
