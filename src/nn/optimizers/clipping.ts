/** Clipping of gradients, in the three forms that Keras has. */
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import type { CommonConfig } from './common.ts'
import { factor } from './optimizer.ts'

/** The gradients of one or more weights laid end to end, [1, n]. */
export interface Laid {
  readonly gradient: Real
  /** How many numbers each weight has, in order. */
  readonly sizes: readonly number[]
}

/**
 * The gradients clipped as the arguments say, [1, n] each; the same values where they say nothing.
 * clipvalue: min(max(g, -c), c). clipnorm: g·c/max(‖g‖, c) with the norm of each weight alone (not of a layer, not of all).
 * global_clipnorm: the same with the norm over all weights.
 */
export function clipGradients(op: Builder, laid: readonly Laid[], config: CommonConfig): Real[] {
  const { clipnorm, clipvalue, global_clipnorm } = config
  if (clipvalue !== null) return laid.map(({ gradient }) => cut(op, gradient, clipvalue))
  if (clipnorm !== null) return laid.map((own) => shortenEach(op, own, clipnorm))
  if (global_clipnorm !== null) return shortenAll(op, laid, global_clipnorm)
  return laid.map(({ gradient }) => gradient)
}

function cut(op: Builder, gradient: Real, limit: number): Real {
  return op.Clip(gradient, op.scalar(-limit, gradient), op.scalar(limit, gradient))
}

function shortenEach(op: Builder, { gradient, sizes }: Laid, limit: number): Real {
  const parts = sizes.length === 1 ? [gradient] : op.Split(gradient, op.ints(sizes), { axis: 1 })
  const clipped = parts.map((part) => op.Mul(part, scaleTo(op, op.ReduceL2(part, null, { keepdims: 1 }), limit)))
  return clipped.length === 1 ? (clipped[0] as Real) : op.Concat(clipped, { axis: 1 })
}

function shortenAll(op: Builder, laid: readonly Laid[], limit: number): Real[] {
  if (laid.length === 0) return [] // no weight is trained
  const squares = laid.map(({ gradient }) => op.ReduceSumSquare(gradient, null, { keepdims: 1 }))
  const scale = scaleTo(op, op.Sqrt(op.Sum(squares)), limit)
  return laid.map(({ gradient }) => op.Mul(gradient, scale))
}

/** limit / max(norm, limit): exactly 1 for what is short enough, and no division by a norm of 0. */
function scaleTo(op: Builder, norm: Real, limit: number): Real {
  const longest = factor(op, limit, norm)
  return op.Div(longest, op.Max([norm, longest]))
}
