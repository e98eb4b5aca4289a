/**
 * Gives a product of few rows with a matrix that no cache holds a form that reads the matrix once, as it lies: the matrix is
 * seen as blocks of rows that a cache holds, each row is multiplied with a block before the next block is read, and the blocks'
 * products are summed. ONNX Runtime's `Gemm` packs the matrix whatever number of rows there is, in pieces that lie far apart;
 * a product of one row it computes without packing. [4, 326400]·[326400, 512]: 80 ms for 120, [2, 32768]·[32768, 1024]: 12 for
 * 40 (two threads).
 */
import { type Builder, createBuilder } from '../builder.ts'
import type { Graph, Node } from '../graph.ts'
import type { Real } from '../value.ts'

/** The time grows with the rows; beyond these it is no shorter. */
const rowsUpTo = 4
/** Numbers of a matrix that no cache holds, */
const largeFrom = 2 ** 22
/** and of a block that one does. */
const blockUpTo = 2 ** 17
/** Blocks of fewer rows would give more products to sum than it is worth. */
const blockFrom = 32

/** Changes, in place, the products of as many rows as `batch`, the axis' symbol and its usual length; any length stays right. */
export function fewRowsByBlocks(graph: Graph, batch: { readonly symbol: string; readonly usual: number }): void {
  if (batch.usual > rowsUpTo) return
  const before = graph.nodes
  graph.nodes = []
  const op = createBuilder(graph)
  for (const node of before) {
    const rows = node.inputs[0]?.shape[0] === batch.symbol ? blockRows(node) : null
    if (rows === null) {
      graph.nodes.push(node)
      continue
    }
    byBlocks(op.named(node.name), node, rows)
    graph.nodes.push({ ...(graph.nodes.pop() as Node), outputs: node.outputs })
  }
}

/** How many rows of the right matrix make a block; null where the node is no such product. */
function blockRows({ opType, inputs, attributes }: Node): number | null {
  const { alpha = 1, beta = 1, transA = 0, transB = 0 } = attributes
  if (opType !== 'Gemm' || inputs[0]?.type !== 'float32' || transA || transB || alpha !== 1 || beta !== 1) return null
  const [length, columns] = (inputs[1]?.shape ?? []).map(Number) as [number, number]
  if (!(length * columns >= largeFrom)) return null
  for (let rows = Math.floor(blockUpTo / columns); rows >= blockFrom; rows--) if (length % rows === 0) return rows
  return null
}

/** The last node that this adds gives the result. */
function byBlocks(op: Builder, { inputs }: Node, rows: number): Real {
  const [x, w, bias] = inputs as [Real, Real, (Real | null)?]
  const [length, columns] = w.shape.map(Number) as [number, number]
  const blocks = length / rows
  const cut = op.Transpose(op.Reshape(x, op.ints([-1, blocks, rows])), { perm: [1, 0, 2] })
  const products = op.MatMul(
    op.Reshape(cut, op.ints([blocks, -1, 1, rows])),
    op.Reshape(w, op.ints([blocks, 1, rows, columns])),
  )
  const sum = op.ReduceSum(op.Reshape(products, op.ints([blocks, -1, columns])), op.ints([0]), { keepdims: 0 })
  return bias ? op.Add(sum, bias) : sum
}
