import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import type { Graph } from '../../src/onnx/graph.ts'
import { fewRowsByBlocks } from '../../src/onnx/passes/few-rows.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

/** x·w + b; the default is a matrix of four million numbers. */
function product({ length = 2 ** 16, columns = 64, transB = 0 as 0 | 1, withBias = true } = {}) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', length])
  const w = graph.input('w', 'float32', transB ? [columns, length] : [length, columns])
  const b = withBias ? graph.input('b', 'float32', [columns]) : null
  graph.output(op.Gemm(x, w, b, { transB }), 'y')
  return graph
}

const types = (graph: Graph) => graph.nodes.map(({ opType }) => opType)
const wave = (dims: number[], shift: number) =>
  tensorOf(
    'float32',
    Array.from({ length: dims.reduce((size, dim) => size * dim, 1) }, (_, i) => Math.sin(3 * i + shift)),
    dims,
  )

test.each([
  [4, true],
  [3, false],
])('the product of %d rows with a large matrix is the same, block by block (bias: %s)', async (batch, withBias) => {
  const [before, after] = [product({ withBias }), product({ withBias })]
  fewRowsByBlocks(after, { symbol: 'batch', usual: 4 })
  expect(types(after)).toContain('MatMul')
  expect(types(after)).not.toContain('Gemm')
  const feeds = { x: wave([batch, 2 ** 16], 1), w: wave([2 ** 16, 64], 2), ...(withBias && { b: wave([64], 3) }) }
  const [expected, found] = await Promise.all(
    [before, after].map(async (graph) => numbers((await runGraph(graph, feeds)).y)),
  )
  expect(found).toHaveLength(batch * 64)
  for (const [i, value] of (found as number[]).entries())
    expect(value).toBeCloseTo((expected as number[])[i] as number, 2)
})

test.each([
  ['many rows', {}, 8],
  ['a small matrix', { length: 2 ** 10 }, 4],
  ['a matrix that is transposed', { transB: 1 as const }, 4],
  ['a number of rows that no block divides', { length: 131_071 }, 4],
])('%s: the product stays as it is', (_, form, usual) => {
  const graph = product(form)
  fewRowsByBlocks(graph, { symbol: 'batch', usual })
  expect(types(graph)).toEqual(['Gemm'])
})
