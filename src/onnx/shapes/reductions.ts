/** Shape rules of the operators that reduce axes. */
import { normalizeAxis, type Shape } from '../dims.ts'
import { axesOf, need, numberAttribute, type ShapeRule } from './rule.ts'

function reduced(shape: Shape, axes: readonly number[], keepdims: boolean): Shape {
  return keepdims
    ? shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    : shape.filter((_, axis) => !axes.includes(axis))
}

const reduce: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const axes = axesOf(node, 1, shape.length, () => shape.map((_, axis) => axis))
  return [{ type, shape: reduced(shape, axes, numberAttribute(node, 'keepdims', 1) === 1) }]
}

const argument: ShapeRule = (node) => {
  const { shape } = need(node, 0)
  const axis = normalizeAxis(numberAttribute(node, 'axis', 0), shape.length)
  return [{ type: 'int64', shape: reduced(shape, [axis], numberAttribute(node, 'keepdims', 1) === 1) }]
}

export const reductionShapes = {
  ReduceSum: reduce,
  ReduceMean: reduce,
  ReduceMax: reduce,
  ReduceMin: reduce,
  ReduceSumSquare: reduce,
  ReduceL2: reduce,
  ReduceLogSumExp: reduce,
  ArgMax: argument,
  ArgMin: argument,
} satisfies Record<string, ShapeRule>
