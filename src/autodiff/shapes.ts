/** What rules share about shapes: a value's shape as a value, reshaping like another, zeros. All hold with a symbolic batch. */
import type { Builder } from '../onnx/builder.ts'
import { type Dim, fixedShape, type Shape, sameShape } from '../onnx/dims.ts'
import { tensorOf } from '../onnx/tensor.ts'
import type { Real, Value } from '../onnx/value.ts'

/** The shape of `x` as int64: a constant where it is known, else a `Shape` node. */
export function shapeOf(op: Builder, x: Value): Value<'int64'> {
  const fixed = fixedShape(x.shape)
  return fixed ? op.ints(fixed) : op.Shape(x, {})
}

/** `dy` with the shape of `x`, which has as many elements; no node where the shapes are the same. */
export function reshapeLike(op: Builder, dy: Real, x: Value): Real {
  return sameShape(dy.shape, x.shape) ? dy : op.Reshape(dy, reshapeTarget(op, x.shape) ?? op.Shape(x, {}))
}

/** The target of a `Reshape` as a constant, `-1` for the one symbol; null where there are several. */
export function reshapeTarget(op: Builder, shape: Shape): Value<'int64'> | null {
  if (shape.filter((dim) => typeof dim === 'string').length > 1) return null
  return op.ints(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)))
}

/** Zeros of the type and shape of `x`. */
export function zerosLike(op: Builder, x: Real): Real {
  return op.ConstantOfShape(shapeOf(op, x), { value: tensorOf(x.type, [0]) })
}

/** `dy` repeated to the shape of `x`. */
export function expandLike(op: Builder, dy: Real, x: Value): Real {
  return sameShape(dy.shape, x.shape) ? dy : op.Expand(dy, shapeOf(op, x))
}

/** How far `x` reaches on an axis, as an int64 scalar. */
export function lengthOf(op: Builder, x: Value, axis: number): Value<'int64'> {
  const length = x.shape[axis]
  if (typeof length === 'number') return op.constant(tensorOf('int64', [length], []))
  return op.Squeeze(op.Shape(x, { start: axis, end: axis + 1 }), op.ints([0]))
}

/** The shape of `y` but for one axis, which is as long as that of `x`. */
export function shapeWithAxisOf(op: Builder, y: Value, x: Value, axis: number): Value<'int64'> {
  const fixed = fixedShape(y.shape.with(axis, x.shape[axis] as Dim))
  if (fixed) return op.ints(fixed)
  const parts = [
    op.Shape(y, { start: 0, end: axis }),
    op.Shape(x, { start: axis, end: axis + 1 }),
    op.Shape(y, { start: axis + 1, end: y.shape.length }),
  ]
  return op.Concat(
    parts.filter((part) => part.shape[0] !== 0),
    { axis: 0 },
  )
}
