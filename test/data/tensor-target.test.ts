/** Targets of several numbers: the answers of the lowered graph. */
import { expect, test } from 'vitest'
import { lowerTarget } from '../../src/data/target.ts'
import type { TensorTarget } from '../../src/data/tensor-target.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { Graph } from '../../src/onnx/graph.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { openSession } from '../../src/runtime/session.ts'

/** What is answered for outputs [2, 2, 2]: two rows of two steps of two units. */
async function answers(target: Pick<TensorTarget, 'kind' | 'shape' | 'activation'>, output: number[]) {
  const graph = Graph.create('target')
  const fitted: TensorTarget = { column: 'y', type: 'tensor', ...target }
  const { outputs } = lowerTarget(createBuilder(graph), fitted, graph.input('output', 'float32', ['batch', 2, 2]))
  for (const value of Object.values(outputs)) graph.output(value)
  const session = await openSession(toBytes(graph))
  const results = await session.run({ output: tensorOf('float32', output, [2, 2, 2]) })
  await session.close()
  const named = Object.entries(outputs).map(([name, value]) => [name, results[value.name]] as const)
  return Object.fromEntries(named.map(([name, tensor]) => [name, { dims: tensor?.dims, data: tensor?.data }]))
}

const output = [0.25, 0.75, 0.5, 0.25, 1, 0, 0.125, 0.875]

test('numbers are what the model gives', async () => {
  const { value, probabilities } = await answers({ kind: 'numbers', shape: [2, 2], activation: null }, output)
  expect(value).toEqual({ dims: [2, 2, 2], data: Float32Array.from(output) })
  expect(probabilities).toBeUndefined()
})

test('a label is there above 0.5', async () => {
  const { value, probabilities } = await answers({ kind: 'multilabel', shape: [2, 2], activation: null }, output)
  expect(value).toEqual({ dims: [2, 2, 2], data: Float32Array.of(0, 1, 0, 0, 1, 0, 0, 1) })
  expect(probabilities?.data).toEqual(Float32Array.from(output))
})

test('the class of the largest probability, as a one-hot row or as its index', async () => {
  const rows = await answers({ kind: 'one_hot', shape: [2, 2], activation: null }, output)
  expect(rows.value).toEqual({ dims: [2, 2, 2], data: Float32Array.of(0, 1, 1, 0, 1, 0, 0, 1) })
  const indices = await answers({ kind: 'class_ids', shape: [2], activation: null }, output)
  expect(indices.value).toEqual({ dims: [2, 2], data: Float32Array.of(1, 0, 0, 1) })
})

test('logits become probabilities', async () => {
  const logits = [0, Math.log(3), 0, 0, Math.log(3), 0, 0, 0]
  const softmax = await answers({ kind: 'class_ids', shape: [2], activation: 'softmax' }, logits)
  expect(Array.from(softmax.probabilities?.data as Float32Array, (p) => Number(p.toFixed(5)))).toEqual([
    0.25, 0.75, 0.5, 0.5, 0.75, 0.25, 0.5, 0.5,
  ])
  const sigmoid = await answers({ kind: 'multilabel', shape: [2, 2], activation: 'sigmoid' }, logits)
  expect(sigmoid.value?.data).toEqual(Float32Array.of(0, 1, 0, 0, 1, 0, 0, 0))
})
