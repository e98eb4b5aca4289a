/** Gradient rules of the reductions. */
import type { Builder } from '../../onnx/builder.ts'
import { normalizeAxis } from '../../onnx/dims.ts'
import type { Reduction } from '../../onnx/ops.ts'
import type { Index, Real, Value } from '../../onnx/value.ts'
import { expandLike } from '../shapes.ts'
import type { VjpRules } from '../vjp.ts'

export const reductions = {
  ReduceSum: (op, { inputs: [x, axes], attributes }, dy) => [
    expandLike(op, restoreAxes(op, dy, x, axes, attributes), x),
    null,
  ],
  ReduceMean: (op, { inputs: [x, axes], attributes }, dy) => {
    const share = op.Div(restoreAxes(op, dy, x, axes, attributes), reducedCount(op, x, axes))
    return [expandLike(op, share, x), null]
  },
  ReduceMax: (op, { inputs: [x, axes], outputs: [y], attributes }, dy) => [
    sharedByTies(op, x, restoreAxes(op, y, x, axes, attributes), restoreAxes(op, dy, x, axes, attributes), axes),
    null,
  ],
  ReduceMin: (op, { inputs: [x, axes], outputs: [y], attributes }, dy) => [
    sharedByTies(op, x, restoreAxes(op, y, x, axes, attributes), restoreAxes(op, dy, x, axes, attributes), axes),
    null,
  ],
  ReduceSumSquare: (op, { inputs: [x, axes], attributes }, dy) => {
    const twice = op.Mul(restoreAxes(op, dy, x, axes, attributes), op.scalar(2, dy))
    return [op.Mul(x, twice), null]
  },
  /** x/|x|, and 0 at 0 as in PyTorch (TensorFlow gives NaN). */
  ReduceL2: (op, { inputs: [x, axes], outputs: [y], attributes }, dy) => {
    const zero = op.Equal(y, op.scalar(0, y))
    const ratio = op.Where(zero, op.scalar(0, y), op.Div(dy, y))
    return [op.Mul(x, restoreAxes(op, ratio, x, axes, attributes)), null]
  },
  ReduceLogSumExp: (op, { inputs: [x, axes], outputs: [y], attributes }, dy) => {
    const share = op.Exp(op.Sub(x, restoreAxes(op, y, x, axes, attributes)))
    return [op.Mul(share, restoreAxes(op, dy, x, axes, attributes)), null]
  },
} satisfies VjpRules<
  'ReduceSum' | 'ReduceMean' | 'ReduceMax' | 'ReduceMin' | 'ReduceSumSquare' | 'ReduceL2' | 'ReduceLogSumExp'
>

function reducedAxes(x: Value, axes: Index | null): number[] {
  const rank = x.shape.length
  if (!axes) return x.shape.map((_, axis) => axis)
  return (axes.contents ?? []).map((axis) => normalizeAxis(Number(axis), rank)).sort((a, b) => a - b)
}

/** `y` of a reduction of `x`, so that it broadcasts against `x`: with its axes again, unless they were the leading ones. */
function restoreAxes(op: Builder, y: Real, x: Value, axes: Index | null, { keepdims = 1 }: Reduction): Real {
  const reduced = reducedAxes(x, axes)
  return keepdims === 1 || reduced.every((axis, i) => axis === i) ? y : op.Unsqueeze(y, op.ints(reduced))
}

/** How many elements went into each mean: a constant, or read from the shape where `batch` is among the axes. */
function reducedCount(op: Builder, x: Real, axes: Index | null): Real {
  const reduced = reducedAxes(x, axes)
  const dims = reduced.map((axis) => x.shape[axis])
  const fixed = dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1)
  const open = reduced.filter((_, i) => typeof dims[i] === 'string')
  const lengths = open.map((axis) => op.Cast(op.Shape(x, { start: axis, end: axis + 1 }), { to: x.type }))
  const factors = fixed === 1 && lengths.length > 0 ? lengths : [op.scalar(fixed, x), ...lengths]
  return factors.reduce((product, factor) => op.Mul(product, factor))
}

/** Equal extremes share the cotangent, as in TensorFlow. */
function sharedByTies(op: Builder, x: Real, y: Real, dy: Real, axes: Index | null): Real {
  const chosen = op.Cast(op.Equal(x, y), { to: x.type })
  const count = op.ReduceSum(chosen, axes, {})
  return op.Mul(chosen, op.Div(dy, count))
}
