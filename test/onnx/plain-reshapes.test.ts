import { expect, test } from 'vitest'
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { plainReshapes } from '../../src/onnx/passes/plain-reshapes.ts'
import { prune } from '../../src/onnx/passes/prune.ts'
import type { Real } from '../../src/onnx/value.ts'
import { newGraph } from '../support/graph.ts'

/** The operators that are left of a graph over x [batch, 3] and r [1, 3]. */
function left(make: (op: Builder, x: Real, r: Real) => Real): string[] {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', 3])
  graph.output(make(op, x, graph.input('r', 'float32', [1, 3])))
  plainReshapes(graph)
  prune(graph)
  return graph.nodes.map(({ opType, inputs }) => [opType, ...inputs.map((input) => input?.shape.join('x'))].join(' '))
}

test('what is reshaped twice is reshaped once', () => {
  const twice = (op: Builder, x: Real) => op.Relu(op.Reshape(op.Reshape(x, op.ints([3, -1])), op.ints([1, -1])))
  expect(left(twice)).toEqual(['Reshape batchx3 2', 'Relu 1x3*batch'])
})

test('what is reshaped back is read as it was', () => {
  const back = (op: Builder, x: Real) => op.Relu(op.Reshape(op.Reshape(x, op.ints([1, -1])), op.ints([-1, 3])))
  expect(left(back)).toEqual(['Relu batchx3'])
})

test('a target that takes a size of the shape before keeps that shape', () => {
  const zero = (op: Builder, x: Real) => op.Relu(op.Reshape(op.Reshape(x, op.ints([3, -1])), op.ints([0, 1, -1])))
  expect(left(zero)).toEqual(['Reshape batchx3 2', 'Reshape 3xbatch 3', 'Relu 3x1xbatch'])
})

test('a product adds a row as it is, not so a column', () => {
  const square = (op: Builder, x: Real) => op.Gemm(x, x, null, { transA: 1 })
  const row = (op: Builder, x: Real, r: Real) => op.Gemm(square(op, x), square(op, x), op.Reshape(r, op.ints([3])), {})
  expect(left(row)).toContain('Gemm 3x3 3x3 1x3')
  const column = (op: Builder, x: Real, r: Real) =>
    op.Gemm(square(op, x), square(op, x), op.Reshape(r, op.ints([3, 1])), {})
  expect(left(column)).toContain('Gemm 3x3 3x3 3x1')
})
