import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import { sumsOverRows } from '../../src/onnx/passes/sums-over-rows.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

/** The sum of x over some axes, before and after the pass; `ones` is fed for a batch of 2. */
async function sums(shape: (number | string)[], axes: number[], keepdims: 0 | 1 = 0) {
  const results = [false, true].map(async (isRewritten) => {
    const graph = newGraph()
    const op = createBuilder(graph)
    const x = graph.input('x', 'float32', shape)
    const ones = graph.input('ones', 'float32', [1, 'batch'])
    graph.output(op.ReduceSum(x, op.ints(axes), { keepdims }), 'y')
    if (isRewritten) sumsOverRows(graph, 'batch', ones)
    const dims = shape.map((dim) => (dim === 'batch' ? 2 : dim === '3*batch' ? 6 : Number(dim)))
    const size = dims.reduce((product, dim) => product * dim, 1)
    const values = tensorOf(
      'float32',
      Array.from({ length: size }, (_, i) => i * i),
      dims,
    )
    const { y } = await runGraph(graph, { x: values, ones: tensorOf('float32', [1, 1], [1, 2]) })
    return { types: graph.nodes.map(({ opType }) => opType), dims: y?.dims, numbers: numbers(y) }
  })
  const [before, after] = await Promise.all(results)
  expect(after?.dims).toEqual(before?.dims)
  expect(after?.numbers).toEqual(before?.numbers)
  return after?.types
}

test('the sum over the batch is one product', async () => {
  expect(await sums(['batch', 5], [0])).toEqual(['Gemm', 'Reshape'])
  expect(await sums(['batch', 5], [0], 1)).toEqual(['Gemm', 'Reshape'])
})

test('the sum over the steps of a batch is two', async () => {
  expect(await sums(['3*batch', 5], [0])).toEqual(['Reshape', 'Gemm', 'Reshape', 'Gemm', 'Reshape'])
})

test('other sums stay', async () => {
  expect(await sums(['batch', 5], [1])).toEqual(['ReduceSum'])
  expect(await sums(['batch', 5], [0, 1])).toEqual(['ReduceSum'])
  expect(await sums([4, 5], [0])).toEqual(['ReduceSum'])
  expect(await sums(['batch', 5, 2], [0])).toEqual(['ReduceSum'])
})
