/** Gradient rule of `Resize`: each resized axis is a product with a matrix of weights, so its gradient is one with its transpose. */
import type { Builder } from '../../onnx/builder.ts'
import { elementCount, tensorOf } from '../../onnx/tensor.ts'
import type { Real } from '../../onnx/value.ts'
import { type Interpolation, interpolationOf, isRepetition } from '../interpolation.ts'
import type { VjpRules } from '../vjp.ts'

export const resizes = {
  Resize: (op, { inputs: [x, , scales], attributes }, dy) => {
    const axes = attributes.axes ?? x.shape.map((_, axis) => axis)
    const resized = axes.flatMap((axis, i) => {
      const [length, count] = [x.shape[axis], dy.shape[axis]]
      if (typeof length !== 'number' || typeof count !== 'number') return []
      const factor = scales?.data ? Number(scales.data.data[i]) : count / length
      return factor === 1 ? [] : [{ axis, table: interpolationOf(length, count, factor, attributes) }]
    })
    const spatial = resized.every(({ axis }) => axis >= 2) && resized.length > 0
    const dx =
      spatial && dy.type === 'float32' && resized.every(({ table }) => isRepetition(table))
        ? sumRepeats(op, dy, x)
        : resized.reduce((sum, { axis, table }) => undoAxis(op, sum, axis, table), dy)
    return [dx, null, null, null]
  },
} satisfies VjpRules<'Resize'>

/** Whole repetitions: the sum over each block, which is its average times its size. */
function sumRepeats(op: Builder, dy: Real, x: Real): Real {
  const block = x.shape.slice(2).map((length, i) => Number(dy.shape[i + 2]) / Number(length))
  const means = op.AveragePool(dy, { kernel_shape: block, strides: block })
  return op.Mul(means, op.scalar(elementCount(block), dy))
}

/** The product of one axis with the transposed weights [count, length]. */
function undoAxis(op: Builder, dy: Real, axis: number, { length, count, weights }: Interpolation): Real {
  const matrix = op.constant(tensorOf(dy.type, weights, [count, length]))
  if (axis === dy.shape.length - 1) return op.MatMul(dy, matrix)
  const inner = dy.shape.slice(axis + 1)
  const columns = op.Reshape(dy, op.ints([-1, count, elementCount(inner.map(Number))]))
  const product = op.MatMul(op.Transpose(matrix, { perm: [1, 0] }), columns)
  return op.Reshape(
    product,
    op.ints(dy.shape.map((dim, i) => (i === axis ? length : typeof dim === 'string' ? -1 : dim))),
  )
}
