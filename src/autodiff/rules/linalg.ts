/**
 * Gradient rules of the matrix products. `Gemm` transposes its operands for nothing, so matrices go through it; a product with
 * one matrix on the right (a dense layer on sequences) is one Gemm over all rows.
 */
import type { Builder } from '../../onnx/builder.ts'
import type { Shape } from '../../onnx/dims.ts'
import type { Real } from '../../onnx/value.ts'
import { reshapeLike } from '../shapes.ts'
import type { VjpRules } from '../vjp.ts'

export const linalg = {
  MatMul: (op, { inputs: [a, b] }, dy) => {
    if (a.shape.length > 1 && b.shape.length > 1) return matrices(op, a, b, dy)
    // vectors are rows on the left and columns on the right, and the product lacks that axis
    const row = a.shape.length === 1
    const column = b.shape.length === 1
    const product = column ? op.Unsqueeze(dy, op.ints([-1])) : dy
    const [da, db] = matrices(
      op,
      row ? op.Unsqueeze(a, op.ints([0])) : a,
      column ? op.Unsqueeze(b, op.ints([1])) : b,
      row ? op.Unsqueeze(product, op.ints([-2])) : product,
    )
    return [row ? op.Squeeze(da, op.ints([-2])) : da, column ? op.Squeeze(db, op.ints([-1])) : db]
  },
  Gemm: (op, { inputs: [a, b, c], attributes }, dy) => {
    const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes
    const scaled = alpha === 1 ? {} : { alpha }
    const da = transA
      ? op.Gemm(b, dy, null, { ...scaled, transA: transB, transB: 1 })
      : op.Gemm(dy, b, null, { ...scaled, transB: transB ? 0 : 1 })
    const db = transB
      ? op.Gemm(dy, a, null, { ...scaled, transA: 1, transB: transA })
      : op.Gemm(a, dy, null, { ...scaled, transA: transA ? 0 : 1 })
    return [da, db, c && (beta === 1 ? dy : op.Mul(dy, op.scalar(beta, dy)))]
  },
  FusedMatMul: (op, { inputs: [a, b], attributes: { alpha, transA = 0, transB = 0 } }, dy) => {
    const scaled = alpha === undefined ? {} : { alpha }
    const da = transA
      ? op.FusedMatMul(b, dy, { ...scaled, transA: transB, transB: 1 })
      : op.FusedMatMul(dy, b, { ...scaled, transB: transB ? 0 : 1 })
    const db = transB
      ? op.FusedMatMul(dy, a, { ...scaled, transA: 1, transB: transA })
      : op.FusedMatMul(a, dy, { ...scaled, transA: transA ? 0 : 1 })
    return [da, db]
  },
} satisfies VjpRules<'MatMul' | 'Gemm' | 'FusedMatMul'>

/** [dy·bᵀ, aᵀ·dy]; leading axes as in the product, the walk sums those that were broadcast. */
function matrices(op: Builder, a: Real, b: Real, dy: Real): [Real, Real] {
  if (b.shape.length > 2) return [op.MatMul(dy, transposed(op, b)), op.MatMul(transposed(op, a), dy)]
  const rows = asMatrix(op, dy)
  const da = op.Gemm(rows, b, null, { transB: 1 })
  return [reshapeLike(op, da, a), op.Gemm(asMatrix(op, a), rows, null, { transA: 1 })]
}

/** All rows of all leading axes: [..., features] → [rows, features]. */
function asMatrix(op: Builder, x: Real): Real {
  if (x.shape.length === 2) return x
  return op.Flatten(x, { axis: -1 })
}

function transposed(op: Builder, x: Real): Real {
  return op.Transpose(x, { perm: lastTwoSwapped(x.shape) })
}

function lastTwoSwapped({ length }: Shape): number[] {
  return Array.from({ length }, (_, axis) => (axis < length - 2 ? axis : 2 * length - 3 - axis))
}
