import { expect, test } from 'vitest'
import { gradients } from '../../src/autodiff/gradients.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import type { Graph } from '../../src/onnx/graph.ts'
import { poolBeforeRelu } from '../../src/onnx/passes/pool-before-relu.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

const types = (graph: Graph) => graph.nodes.map((node) => node.opType)
const pool = { kernel_shape: [3, 3], strides: [2, 2] }

/** relu, then a pool, of a graph whose input is x [batch, 2, 7, 7]. */
function activated() {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', 2, 7, 7])
  const a = op.Relu(op.Neg(x))
  const [y] = op.MaxPool(a, pool)
  return { graph, op, x, a, y }
}

test('the pool comes first', () => {
  const { graph, y } = activated()
  graph.output(y)
  poolBeforeRelu(graph)
  expect(types(graph)).toEqual(['Neg', 'MaxPool', 'Relu'])
})

test('values and gradients are the same', async () => {
  const [before, after] = [activated(), activated()]
  poolBeforeRelu(after.graph)
  const results = await Promise.all(
    [before, after].map(async ({ graph, op, x, y }) => {
      const [dx] = gradients(op, op.ReduceSum(op.Mul(y, y), null, { keepdims: 0 }), [x])
      graph.output(op.Identity(y), 'values')
      graph.output(op.Identity(dx as Real), 'slopes')
      // several ties, at 0 and above
      const numbersFed = Array.from({ length: 3 * 2 * 49 }, (_, i) => Math.round(3 * Math.sin(i * i)))
      const run = await runGraph(graph, { x: tensorOf('float32', numbersFed, [3, 2, 7, 7]) })
      return [numbers(run.values), numbers(run.slopes)]
    }),
  )
  expect(results[1]?.[0]).toEqual(results[0]?.[0])
  // a tie at 0 may name another place, where nothing passes: -0 is 0
  expect(results[1]?.[1]?.map((slope) => slope + 0)).toEqual(results[0]?.[1]?.map((slope) => slope + 0))
})

test('an activation that something else reads stays', () => {
  const { graph, op, a, y } = activated()
  graph.output(op.Add(op.GlobalMaxPool(a), op.GlobalMaxPool(y)))
  poolBeforeRelu(graph)
  expect(types(graph).slice(0, 3)).toEqual(['Neg', 'Relu', 'MaxPool'])
})

test('an activation that is an output stays', () => {
  const { graph, a, y } = activated()
  graph.output(y)
  graph.output(a)
  poolBeforeRelu(graph)
  expect(types(graph)).toEqual(['Neg', 'Relu', 'MaxPool'])
})

test('an activation that will be read stays', () => {
  const { graph, a } = activated()
  poolBeforeRelu(graph, [a])
  expect(types(graph)).toEqual(['Neg', 'Relu', 'MaxPool'])
})
