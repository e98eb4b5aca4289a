/** Shape rules of the matrix products. */
import { broadcastShapes, type Dim, type Shape } from '../dims.ts'
import { misfit, need, numberAttribute, type ShapeRule, sameType } from './rule.ts'

/** NumPy's `matmul`: vectors are rows on the left and columns on the right; leading axes broadcast. */
const matMul: ShapeRule = (node) => {
  const [a, b] = [need(node, 0), need(node, 1)]
  sameType(a, b)
  if (a.shape.length === 0 || b.shape.length === 0) throw new Error('MatMul takes no scalars')
  const left = read(a.shape.length === 1 ? [1, ...a.shape] : a.shape, numberAttribute(node, 'transA', 0))
  const right = read(b.shape.length === 1 ? [...b.shape, 1] : b.shape, numberAttribute(node, 'transB', 0))
  if (left.at(-1) !== right.at(-2)) throw misfit('the inner axes differ', a.shape, b.shape)
  const leading = broadcastShapes(left.slice(0, -2), right.slice(0, -2))
  if (!leading) throw misfit('the leading axes do not broadcast', a.shape, b.shape)
  const rows = a.shape.length === 1 ? [] : [left.at(-2) as Dim]
  const columns = b.shape.length === 1 ? [] : [right.at(-1) as Dim]
  return [{ type: a.type, shape: [...leading, ...rows, ...columns] }]
}

/** A matrix's shape as `FusedMatMul` reads it: its last two axes swapped where it is transposed. */
function read(shape: Shape, transposed: number): Shape {
  return transposed ? [...shape.slice(0, -2), shape.at(-1) as Dim, shape.at(-2) as Dim] : shape
}

/** Of matrices and stacks of them; vectors have nothing to transpose. */
const fusedMatMul: ShapeRule = (node) => {
  const [a, b] = [need(node, 0), need(node, 1)]
  if (a.shape.length < 2 || b.shape.length < 2) throw misfit('FusedMatMul takes matrices', a.shape, b.shape)
  return matMul(node)
}

const gemm: ShapeRule = (node) => {
  const [a, b] = [need(node, 0), need(node, 1)]
  sameType(a, b)
  if (a.shape.length !== 2 || b.shape.length !== 2) throw misfit('Gemm takes matrices', a.shape, b.shape)
  const [m, k] = numberAttribute(node, 'transA', 0) ? [a.shape[1], a.shape[0]] : a.shape
  const [inner, n] = numberAttribute(node, 'transB', 0) ? [b.shape[1], b.shape[0]] : b.shape
  if (k !== inner) throw misfit('the inner axes differ', a.shape, b.shape)
  const shape = [m as Dim, n as Dim]
  const c = node.inputs[2]
  if (c) {
    const result = broadcastShapes(shape, c.shape)
    if (result?.length !== 2 || result.some((dim, axis) => dim !== shape[axis])) {
      throw misfit('c does not broadcast to the product', shape, c.shape)
    }
  }
  return [{ type: a.type, shape }]
}

export const linalgShapes = { MatMul: matMul, FusedMatMul: fusedMatMul, Gemm: gemm } satisfies Record<string, ShapeRule>
