import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import { largeSums } from '../../src/onnx/passes/large-sums.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

/** a·x + beta·y of `count` numbers, rewritten: the operators that are left, and the first and last number. */
async function summed(count: number, beta?: number) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const a = graph.input('a', 'float32', [1, 1])
  const [x, y] = [graph.input('x', 'float32', [1, count]), graph.input('y', 'float32', [1, count])]
  graph.output(op.Gemm(a, x, y, beta === undefined ? {} : { beta }), 'sum')
  largeSums(graph)
  const row = (first: number) => Float32Array.from({ length: count }, (_, i) => first + (i % 7))
  const { sum } = await runGraph(graph, {
    a: { type: 'float32', dims: [1, 1], data: Float32Array.of(3) },
    x: { type: 'float32', dims: [1, count], data: row(1) },
    y: { type: 'float32', dims: [1, count], data: row(2) },
  })
  return { operators: graph.nodes.map(({ opType }) => opType), start: numbers(sum).slice(0, 3) }
}

test('very many numbers are multiplied and added', async () => {
  expect(await summed(2 ** 18)).toEqual({ operators: ['Mul', 'Add'], start: [5, 9, 13] })
  expect(await summed(2 ** 18, 0.5)).toEqual({ operators: ['Mul', 'Mul', 'Add'], start: [4, 7.5, 11] })
})

test('fewer stay one product', async () => {
  expect(await summed(2 ** 18 - 1)).toEqual({ operators: ['Gemm'], start: [5, 9, 13] })
})
