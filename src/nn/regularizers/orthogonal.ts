/** Orthogonal: vectors that point the same way are a penalty. */
import { Type } from 'typebox'
import { type Builder, ShapeError } from '../../onnx/builder.ts'
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { defineRegularizer } from './regularizer.ts'

/** Shorter vectors are divided by this. */
const shortest = 1e-7

/**
 * factor times the mean of |cosine| over the pairs of rows (or columns) of a matrix.
 * @see https://keras.io/api/layers/regularizers/#orthogonalregularizer-class
 */
export const orthogonalRegularizer = defineRegularizer({
  config: Strict({
    name: NameOf('orthogonal_regularizer', 'OrthogonalRegularizer'),
    factor: { ...NonNegative, default: 0.01 },
    mode: Type.Unsafe<'rows' | 'columns'>({ enum: ['rows', 'columns'], default: 'rows' }),
  }),
  misfit: (_config, { length }) => (length === 2 ? null : 'its regularizer orthogonal_regularizer asks for two axes'),
  penalty: (op, x, { factor, mode }) => {
    if (x.shape.length !== 2)
      throw new ShapeError('Orthogonal', 'penalty', [x], 'the regularizer orthogonal_regularizer asks for two axes')
    const axis = mode === 'rows' ? 1 : 0
    const squares = op.ReduceSum(op.Mul(x, x), op.ints([axis]), { keepdims: 1 })
    const unit = op.Div(x, op.Sqrt(op.Max([squares, op.scalar(shortest ** 2, x)])))
    const turned = op.Transpose(unit, { perm: [1, 0] })
    const cosines = mode === 'rows' ? op.MatMul(unit, turned) : op.MatMul(turned, unit)
    const length = op.Squeeze(op.Shape(x, { start: 1 - axis, end: 2 - axis }), op.ints([0]))
    const apart = op.Where(onDiagonal(op, length), op.scalar(0, x), op.Abs(cosines))
    const count = op.Cast(length, { to: x.type })
    const pairs = op.Mul(count, op.Sub(count, op.scalar(1, x)))
    return op.Mul(op.Div(op.ReduceSum(apart, null, { keepdims: 0 }), pairs), op.scalar(factor, x))
  },
})

/** True where row and column are the same, [length, length]. */
function onDiagonal(op: Builder, length: ReturnType<Builder['Shape']>) {
  const int = (value: number) => op.constant({ type: 'int64', dims: [], data: BigInt64Array.of(BigInt(value)) })
  const places = op.Range(int(0), length, int(1))
  return op.Equal(op.Unsqueeze(places, op.ints([0])), op.Unsqueeze(places, op.ints([1])))
}
