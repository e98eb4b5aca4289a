/** Gradient rules of the operators that move elements without choosing by index: reshape, transpose, join, cut, repeat. */
import type { Builder } from '../../onnx/builder.ts'
import { fixedShape, formatShape, normalizeAxis, sameShape } from '../../onnx/dims.ts'
import type { Real, Value } from '../../onnx/value.ts'
import { reshapeLike, reshapeTarget, zerosLike } from '../shapes.ts'
import type { VjpRules } from '../vjp.ts'

export const places = {
  Reshape: (op, { inputs: [x] }, dy) => [reshapeLike(op, dy, x), null],
  /** One that changes nothing keeps two Transposes apart (`filtersFirst`); in the gradient it does so as well. */
  Flatten: (op, { inputs: [x], outputs: [y], attributes }, dy) => [
    sameShape(x.shape, y.shape) ? op.Flatten(dy, attributes) : reshapeLike(op, dy, x),
  ],
  Squeeze: (op, { inputs: [x] }, dy) => [reshapeLike(op, dy, x), null],
  Unsqueeze: (op, { inputs: [x] }, dy) => [reshapeLike(op, dy, x), null],
  /** The walk sums over what was repeated. */
  Expand: (_, __, dy) => [dy, null],
  /** Each axis becomes [repeats, length], and the repeats are summed. */
  Tile: (op, { inputs: [x, repeats] }, dy) => {
    const pairs = x.shape.flatMap((length, axis) => [repeats.contents?.[axis] ?? 1, length])
    const target = reshapeTarget(op, pairs)
    if (!target) throw new Error(`the gradient of Tile knows one open axis, received ${formatShape(pairs)}`)
    const axes = x.shape.map((_, axis) => 2 * axis)
    return [op.ReduceSum(op.Reshape(dy, target), op.ints(axes), { keepdims: 0 }), null]
  },
  Transpose: (op, { inputs: [x], attributes }, dy) => {
    const axes = x.shape.map((_, axis) => axis)
    const perm = attributes.perm ?? axes.toReversed() // imported models may leave it out
    return [op.Transpose(dy, { perm: axes.map((axis) => perm.indexOf(axis)) })]
  },
  Concat: (op, { inputs, attributes }, dy) => {
    const axis = normalizeAxis(attributes.axis, dy.shape.length)
    return inputs.length === 1 ? [dy] : op.Split(dy, lengthsAlong(op, inputs, axis), { axis })
  },
  Split: (op, { outputs, attributes: { axis = 0 } }, ...dys) => {
    const parts = outputs.map((y, i) => dys[i] ?? zerosLike(op, y))
    return [op.Concat(parts, { axis }), null]
  },
} satisfies VjpRules<
  'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze' | 'Expand' | 'Tile' | 'Transpose' | 'Concat' | 'Split'
>

/** The lengths of several values on one axis, as int64: a constant where they are known. */
function lengthsAlong(op: Builder, values: readonly Real[], axis: number): Value<'int64'> {
  const fixed = fixedShape(values.map(({ shape }) => shape[axis] ?? 1))
  if (fixed) return op.ints(fixed)
  return op.Concat(
    values.map((value) => op.Shape(value, { start: axis, end: axis + 1 })),
    { axis: 0 },
  )
}
