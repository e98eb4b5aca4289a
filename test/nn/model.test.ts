import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { callModel } from '../../src/nn/lower.ts'
import { buildModel } from '../../src/nn/model.ts'
import { initialWeights } from '../../src/nn/weights.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

const chain = parseDefinition({
  layers: [
    { type: 'Input', shape: [4] },
    { type: 'Dense', units: 3, activation: 'relu', kernel_regularizer: 'l2' },
    { type: 'Dropout', rate: 0.5 },
    { type: 'Dense', units: 2, activation: 'softmax' },
  ],
})

test('a chain has the names, shapes and weights that Keras gives it', () => {
  const model = buildModel(chain)
  expect(model.layers.map(({ name, outputShape }) => [name, outputShape])).toEqual([
    ['input_layer', [4]],
    ['dense', [3]],
    ['dropout', [3]],
    ['dense_1', [2]],
  ])
  expect(model.weights.map(({ name, shape }) => [name, shape])).toEqual([
    ['dense/kernel', [4, 3]],
    ['dense/bias', [3]],
    ['dense_1/kernel', [3, 2]],
    ['dense_1/bias', [2]],
  ])
})

test('a called model gives a distribution', async () => {
  const model = buildModel(chain)
  const op = createBuilder(newGraph())
  const x = op.graph.input('x', 'float32', ['batch', 4])
  const weights = Object.fromEntries(
    [...initialWeights(model, 1)].map(([name, data]) => {
      const shape = model.weights.find((weight) => weight.name === name)?.shape ?? []
      return [name, op.constant(tensorOf('float32', data, shape), name)]
    }),
  )
  const { outputs } = callModel(op, model, [x], weights, { training: false, uniform: (like) => like })
  for (const output of outputs) op.graph.output(output)
  const [y] = Object.values(await runGraph(op.graph, { x: tensorOf('float32', [1, 2, 3, 4, 5, 6, 7, 8], [2, 4]) }))
  const [a = 0, b = 0] = numbers(y)
  expect(a + b).toBeCloseTo(1, 6)
})
