/**
 * Gradient rules of the operators that choose elements by index. Repeated indices add up: by `ScatterElements`, since
 * `ScatterND` with reduction `add` loses updates when it runs on several threads; where a training knows its batch,
 * row-sums.ts takes the place of the rule of `Gather`.
 */
import type { Builder } from '../../onnx/builder.ts'
import { normalizeAxis } from '../../onnx/dims.ts'
import { tensorOf } from '../../onnx/tensor.ts'
import type { Index, Real } from '../../onnx/value.ts'
import { where } from '../masks.ts'
import { zerosLike } from '../shapes.ts'
import type { Vjp, VjpRules } from '../vjp.ts'

export const indexing = {
  Gather: (op, { inputs: [data, indices], attributes: { axis = 0 } }, dy) => {
    const at = normalizeAxis(axis, data.shape.length)
    const rows = gatheredRows(op, dy, at, indices)
    const places = op.Expand(columnOf(op, indices, data.shape.length - at - 1), op.Shape(rows, {}))
    return [op.ScatterElements(zerosLike(op, data), places, rows, { axis: at, reduction: 'add' }), null]
  },
  GatherElements: (op, { inputs: [data, indices], attributes: { axis = 0 } }, dy) => [
    op.ScatterElements(zerosLike(op, data), indices, dy, { axis, reduction: 'add' }),
    null,
  ],
  ScatterElements: (op, node, dy) => scatterRules[node.attributes.reduction ?? 'none'](op, node, dy),
  /** `values` is [off, on]. */
  OneHot: (op, { inputs: [indices, depth, values], attributes: { axis = -1 } }, dy) => {
    const marks = op.OneHot(indices, depth, op.constant(tensorOf(values.type, [0, 1])), { axis })
    const all = op.ReduceSum(dy, null, { keepdims: 0 })
    const on = op.ReduceSum(op.Mul(dy, marks), null, { keepdims: 0 })
    const parts = [op.Sub(all, on), on].map((part) => op.Unsqueeze(part, op.ints([0])))
    return [null, null, op.Concat(parts, { axis: 0 })]
  },
  /** y = start + k·delta; the limit only decides how many there are. */
  Range: (op, { inputs: [start, , delta], outputs: [y] }, dy) => {
    const k = op.Div(op.Sub(y, start), delta)
    const sum = (x: Real) => op.ReduceSum(x, null, { keepdims: 0 })
    return [sum(dy), null, sum(op.Mul(dy, k))]
  },
} satisfies VjpRules<'Gather' | 'GatherElements' | 'ScatterElements' | 'OneHot' | 'Range'>

/** `dy` with the axes of the indices merged into one: [before…, count, after…]. */
function gatheredRows(op: Builder, dy: Real, axis: number, indices: Index): Real {
  if (indices.shape.length === 1) return dy
  if (indices.shape.length === 0) return op.Unsqueeze(dy, op.ints([axis]))
  const end = axis + indices.shape.length
  const parts = [
    op.Shape(dy, { start: 0, end: axis }),
    op.ints([-1]),
    op.Shape(dy, { start: end, end: dy.shape.length }),
  ]
  return op.Reshape(dy, op.Concat(parts, { axis: 0 }))
}

/** The indices as one column that broadcasts over the axes after it: [count, 1, …]. */
function columnOf(op: Builder, indices: Index, axesAfter: number): Index {
  return op.Reshape(indices, op.ints([-1, ...Array.from({ length: axesAfter }, () => 1)]))
}

type Reductions = 'none' | 'add' | 'mul' | 'max' | 'min'

const scatterRules: Readonly<Record<Reductions, Vjp<'ScatterElements'>>> = {
  /** Whoever is overwritten gets nothing. ONNX forbids repeated indices here. */
  none: (op, { inputs: [, indices, updates], attributes: { axis = 0 } }, dy) => [
    op.ScatterElements(dy, indices, zerosLike(op, updates), { axis }),
    null,
    op.GatherElements(dy, indices, { axis }),
  ],
  add: (op, { inputs: [, indices], attributes: { axis = 0 } }, dy) => [
    dy,
    null,
    op.GatherElements(dy, indices, { axis }),
  ],
  /** The factors other than an update are y over it, so an update of 0 has no finite slope here. */
  mul: (op, { inputs: [data, indices, updates], outputs: [y], attributes: { axis = 0 } }, dy) => {
    const ones = op.ConstantOfShape(op.Shape(data, {}), { value: tensorOf(data.type, [1]) })
    const factors = op.ScatterElements(ones, indices, updates, { axis, reduction: 'mul' })
    const scaled = op.GatherElements(op.Mul(dy, y), indices, { axis })
    return [op.Mul(dy, factors), null, op.Div(scaled, updates)]
  },
  max: (op, node, dy) => extremeRule(op, node, dy),
  min: (op, node, dy) => extremeRule(op, node, dy),
}

/** Ties between the data and the updates share the cotangent, as in the reductions. */
const extremeRule: Vjp<'ScatterElements'> = (op, node, dy) => {
  const {
    inputs: [data, indices, updates],
    outputs: [y],
    attributes: { axis = 0 },
  } = node
  const kept = op.Cast(op.Equal(data, y), { to: dy.type })
  const won = op.Equal(updates, op.GatherElements(y, indices, { axis }))
  const winners = op.ScatterElements(kept, indices, op.Cast(won, { to: dy.type }), { axis, reduction: 'add' })
  const share = op.Div(dy, winners)
  return [op.Mul(kept, share), null, where(op, won, op.GatherElements(share, indices, { axis }))]
}
