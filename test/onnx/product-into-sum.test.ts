import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import type { Graph } from '../../src/onnx/graph.ts'
import { productIntoSum } from '../../src/onnx/passes/product-into-sum.ts'
import { prune } from '../../src/onnx/passes/prune.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

const types = (graph: Graph) => graph.nodes.map((node) => node.opType)

interface Form {
  readonly rows: number
  readonly columns: number
  readonly transA?: 0 | 1
  readonly transB?: 0 | 1
  readonly beta?: number
}

/** s·vector(A·B) + β·c, as an optimizer updates a weight by its gradient; A·B is [rows, columns]. */
function update({ rows, columns, transA = 0, transB = 0, beta = 1 }: Form) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const a = graph.input('a', 'float32', transA ? ['batch', rows] : [rows, 'batch'])
  const b = graph.input('b', 'float32', transB ? [columns, 'batch'] : ['batch', columns])
  const s = graph.input('s', 'float32', [1, 1])
  const c = graph.input('c', 'float32', [1, rows * columns])
  const product = op.Gemm(a, b, null, { transA, transB })
  graph.output(op.Gemm(s, op.Reshape(product, op.ints([1, -1])), c, { beta }), 'y')
  return { graph, op, product }
}

function feeds({ rows, columns, transA, transB }: Form) {
  const wave = (dims: number[], shift: number) =>
    tensorOf(
      'float32',
      Array.from({ length: dims.reduce((size, dim) => size * dim, 1) }, (_, i) => Math.sin(3 * i + shift)),
      dims,
    )
  return {
    a: wave(transA ? [5, rows] : [rows, 5], 1),
    b: wave(transB ? [columns, 5] : [5, columns], 2),
    s: wave([1, 1], 3),
    c: wave([1, rows * columns], 4),
  }
}

const forms: Form[] = [
  { rows: 6, columns: 4, transA: 1 },
  { rows: 4, columns: 6, transA: 1 },
  { rows: 6, columns: 4, transB: 1, beta: 0.9 },
  { rows: 4, columns: 6, beta: 0.5 },
]

test.each(forms)('the update of %o is the same, with one product and nothing else of its size', async (form) => {
  const [before, after] = [update(form), update(form)]
  productIntoSum(after.graph)
  prune(after.graph)
  expect(types(after.graph)).toEqual(['Mul', 'Reshape', 'Gemm', 'Reshape'])
  const [expected, found] = await Promise.all(
    [before, after].map(async ({ graph }) => numbers((await runGraph(graph, feeds(form))).y)),
  )
  for (const [i, value] of (found ?? []).entries()) expect(value).toBeCloseTo(expected?.[i] as number, 5)
})

test('a product that something else reads stays', () => {
  const { graph, op, product } = update({ rows: 6, columns: 4, transA: 1 })
  graph.output(op.Mul(product, product), 'square')
  productIntoSum(graph)
  expect(types(graph)).toEqual(['Gemm', 'Reshape', 'Gemm', 'Mul'])
})

test('a product that adds something already stays', () => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const [a, b, s, c] = (['a', 'b', 's', 'c'] as const).map((name) => graph.input(name, 'float32', [1, 1]))
  graph.output(op.Gemm(s as never, op.Gemm(a as never, b as never, c as never, {}), c as never, {}), 'y')
  productIntoSum(graph)
  expect(types(graph)).toEqual(['Gemm', 'Gemm'])
})

test('products with the same matrix share its multiple', () => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const [x, dz] = (['x', 'dz'] as const).map((name) => graph.input(name, 'float32', ['batch', 4]))
  const s = graph.input('s', 'float32', [1, 1])
  const ones = graph.input('ones', 'float32', [1, 'batch'])
  const [w, b] = [graph.input('w', 'float32', [1, 16]), graph.input('b', 'float32', [1, 4])]
  const kernel = op.Gemm(x as never, dz as never, null, { transA: 1 })
  graph.output(op.Gemm(s, op.Reshape(kernel, op.ints([1, -1])), w, {}))
  graph.output(op.Gemm(s, op.Gemm(ones, dz as never, null, {}), b, {}))
  productIntoSum(graph)
  prune(graph)
  expect(types(graph).filter((type) => type !== 'Reshape')).toEqual(['Mul', 'Gemm', 'Gemm'])
})
