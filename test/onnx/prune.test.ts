import { expect, test } from 'vitest'
import { createBuilder } from '../../src/onnx/builder.ts'
import { prune, pruneAddedNodes } from '../../src/onnx/passes/prune.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

function start() {
  const graph = newGraph()
  const op = createBuilder(graph)
  return { graph, op, x: graph.input('x', 'float32', [2]) }
}

test('nodes and constants that no output needs are dropped, inputs stay', () => {
  const { graph, op, x } = start()
  const unused = graph.input('unused', 'float32', [2])
  graph.output(op.Add(x, op.scalar(1, x)))
  op.Mul(unused, op.scalar(2, x))
  prune(graph)
  expect(graph.nodes.map((node) => node.opType)).toEqual(['Add'])
  expect(graph.initializers).toHaveLength(1)
  expect(graph.inputs).toHaveLength(2)
})

test('what only a body of a Scan reads is kept', () => {
  const { graph, op, x } = start()
  const scale = op.Exp(x)
  const body = graph.subgraph('step')
  const inner = createBuilder(body)
  const [sum, part] = [body.bodyInput('sum', 'float32', [2]), body.bodyInput('part', 'float32', [2])]
  inner.Neg(part)
  body.output(inner.Add(sum, inner.Mul(part, scale)))
  const [last] = op.Scan([x, op.Unsqueeze(x, op.ints([0]))], { body, num_scan_inputs: 1 })
  if (last) graph.output(last)
  prune(graph)
  expect(graph.nodes.map((node) => node.opType)).toEqual(['Exp', 'Unsqueeze', 'Scan'])
  expect(body.nodes.map((node) => node.opType)).toEqual(['Mul', 'Add'])
})

test('a graph can be built on after pruning: constants that were dropped come back', async () => {
  const { graph, op, x } = start()
  op.Add(x, op.scalar(7, x))
  prune(graph)
  const y = op.Add(x, op.scalar(7, x))
  graph.output(y)
  const results = await runGraph(graph, { x: tensorOf('float32', [1, 2]) })
  expect(numbers(results[y.name])).toEqual([8, 9])
})

test('of the nodes added since, only those that lead to what is needed are kept', () => {
  const { graph, op, x } = start()
  op.Neg(x)
  const since = graph.nodes.length
  const needed = op.Exp(op.Sin(x))
  op.Cos(x)
  pruneAddedNodes(graph, since, [needed])
  expect(graph.nodes.map((node) => node.opType)).toEqual(['Neg', 'Sin', 'Exp'])
})

test('a value can be renamed, and its name stays unique', () => {
  const { graph, op, x } = start()
  const y = op.Exp(x)
  graph.rename(y, 'x')
  expect(y.name).toBe('x_1')
})
