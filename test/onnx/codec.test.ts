import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import { fromBytes, toBytes } from '../../src/onnx/codec.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

function affine() {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', 2])
  const kernel = op.constant(tensorOf('float32', [1, 2, 3, 4, 5, 6], [2, 3]))
  const y = op.Relu(op.Gemm(x, kernel, op.constant(tensorOf('float32', [0, -100, 0])), { alpha: 2 }))
  graph.output(op.Reshape(y, op.ints([-1, 3, 1])))
  return graph
}

const x = tensorOf('float32', [1, 1, 2, 0], [2, 2])

test('a graph runs in ONNX Runtime as it reads', async () => {
  const [y] = Object.values(await runGraph(affine(), { x }))
  expect(y?.dims).toEqual([2, 3, 1])
  expect(numbers(y)).toEqual([10, 0, 18, 4, 0, 12])
})

test('what is written can be read and written again, byte for byte', () => {
  const bytes = toBytes(affine(), { metadata: { about: 'a test' } })
  const { graph, metadata } = fromBytes(bytes)
  expect(metadata).toEqual({ about: 'a test' })
  expect(Buffer.from(toBytes(graph, { metadata }))).toEqual(Buffer.from(bytes))
  expect(graph.outputs[0]?.shape).toEqual(['batch', 3, 1])
})

test('building twice gives the same bytes', () => {
  expect(Buffer.from(toBytes(affine()))).toEqual(Buffer.from(toBytes(affine())))
})

test('a Scan runs its body along the sequence, with values of the outer graph', async () => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const steps = graph.input('steps', 'float32', ['steps', 2])
  const factor = op.constant(tensorOf('float32', [10, 10]))
  const body = graph.subgraph('body')
  const inner = createBuilder(body)
  const total = body.input('total', 'float32', [2])
  const step = body.input('step', 'float32', [2])
  const next = inner.Add(total, inner.Mul(step, factor))
  body.output(next)
  body.output(inner.Identity(next))
  const [last, all] = op.Scan([op.constant(tensorOf('float32', [0, 0])), steps], { body, num_scan_inputs: 1 })
  if (!last || !all) throw new Error('two outputs')
  graph.output(last)
  graph.output(all)
  expect(all.shape).toEqual(['steps', 2])
  const results = Object.values(await runGraph(graph, { steps: tensorOf('float32', [1, 2, 3, 4], [2, 2]) }))
  expect(numbers(results[0])).toEqual([40, 60])
  expect(numbers(results[1])).toEqual([10, 20, 40, 60])
  const read = fromBytes(toBytes(graph))
  expect(Buffer.from(toBytes(read.graph))).toEqual(Buffer.from(toBytes(graph)))
})

test('texts pass through a model', async () => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const color = graph.input('color', 'string', ['batch', 1])
  const known = op.constant({ type: 'string', dims: [1, 2], data: ['red', 'größe'] })
  graph.output(op.Cast(op.Equal(color, known), { to: 'float32' }))
  const results = await runGraph(graph, { color: { type: 'string', dims: [2, 1], data: ['größe', 'blue'] } })
  expect(numbers(Object.values(results)[0])).toEqual([0, 1, 0, 0])
})
