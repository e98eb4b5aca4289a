/** Models that are graphs: several inputs and outputs by name, shared layers, mistakes in the wiring. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { callModel } from '../../src/nn/lower.ts'
import { buildModel } from '../../src/nn/model.ts'
import { summarize } from '../../src/nn/summary.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

const ones = { kernel_initializer: { name: 'constant', value: 1 } }

const twins = {
  layers: [
    { type: 'Input', name: 'left', shape: [2] },
    { type: 'Input', name: 'right', shape: [2] },
    { type: 'Dense', name: 'tower', units: 1, inputs: ['left'], ...ones },
    { type: 'Shared', name: 'tower_right', of: 'tower', inputs: ['right'] },
    { type: 'Activation', name: 'a', activation: 'sigmoid', inputs: ['tower'] },
    { type: 'Activation', name: 'b', activation: 'relu', inputs: ['tower_right'] },
  ],
  outputs: ['a', 'b'],
}

test('a graph has the inputs and outputs that it names', () => {
  const model = buildModel(parseDefinition(twins))
  expect(model.inputs).toEqual([
    { name: 'left', shape: [2] },
    { name: 'right', shape: [2] },
  ])
  expect(model.outputs).toMatchObject([
    { name: 'a', shape: [1], activation: 'sigmoid' },
    { name: 'b', shape: [1], activation: 'relu' },
  ])
})

test('a shared layer uses the weights of the one it names, counted once', async () => {
  const model = buildModel(parseDefinition(twins))
  expect(model.weights.map(({ name }) => name)).toEqual(['tower/kernel', 'tower/bias'])
  expect(summarize(model).total_parameters).toBe(3)
  const op = createBuilder(newGraph())
  const inputs = ['left', 'right'].map((name): Real => op.graph.input(name, 'float32', ['batch', 2]))
  const weights = {
    'tower/kernel': op.constant(tensorOf('float32', [1, 10], [2, 1])),
    'tower/bias': op.constant(tensorOf('float32', [-25])),
  }
  const { outputs } = callModel(op, model, inputs, weights, { training: false, uniform: (like) => like })
  for (const output of outputs) op.graph.output(output)
  const [a, b] = Object.values(
    await runGraph(op.graph, { left: tensorOf('float32', [5, 2], [1, 2]), right: tensorOf('float32', [7, 3], [1, 2]) }),
  )
  expect(numbers(a)).toEqual([0.5])
  expect(numbers(b)).toEqual([12])
})

test('a further call may need less than the first one', () => {
  const [left, right, tower, shared] = twins.layers
  const layers = [
    left,
    right,
    { type: 'Dense', name: 'x', units: 2, inputs: ['left'] },
    { ...tower, inputs: ['x'] },
    shared,
  ]
  const built = buildModel(parseDefinition({ layers, outputs: ['tower', 'tower_right'] })).layers
  expect(built.map(({ name }) => name)).toEqual(['left', 'right', 'x', 'tower', 'tower_right'])
})

test('layers may stand before those that they take from', () => {
  const [left, right, ...rest] = twins.layers
  const turned = { ...twins, layers: [left, right, ...rest.slice(2), ...rest.slice(0, 2)] }
  expect(buildModel(parseDefinition(turned)).layers.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['tower', 'a']),
  )
})

const input = { type: 'Input', name: 'x', shape: [2] }
test.each<[string, object, string, RegExp]>([
  [
    'an unknown source',
    { layers: [input, { type: 'Dense', units: 1, inputs: ['y'] }] },
    '/layers/1/inputs/0',
    /no layer is named "y"; known are x, dense/,
  ],
  [
    'an unknown output',
    { layers: [input, { type: 'Dense', units: 1 }], outputs: ['z'] },
    '/outputs/0',
    /no layer is named "z"/,
  ],
  [
    'an input that is none',
    { layers: [input, { type: 'Dense', name: 'd', units: 1 }], inputs: ['d'] },
    '/inputs/0',
    /no Input of the model/,
  ],
  [
    'a circle',
    {
      layers: [
        input,
        { type: 'Dense', name: 'p', units: 1, inputs: ['q'] },
        { type: 'Dense', name: 'q', units: 1, inputs: ['p'] },
      ],
    },
    '/layers/1/inputs',
    /circle/,
  ],
  [
    'an Input that takes something',
    { layers: [input, { ...input, name: 'w', inputs: ['x'] }, { type: 'Dense', units: 1 }] },
    '/layers/1/inputs',
    /takes nothing/,
  ],
  [
    'too many inputs',
    { layers: [input, { ...input, name: 'w' }, { type: 'Dense', units: 1, inputs: ['x', 'w'] }] },
    '/layers/2/inputs',
    /takes 1 input, received 2/,
  ],
  [
    'an output number that is not there',
    { layers: [input, { type: 'Dense', units: 1, inputs: [{ layer: 'x', output: 1 }] }] },
    '/layers/1/inputs/0',
    /there is no output 1/,
  ],
  [
    'sharing a layer that is not there',
    { layers: [input, { type: 'Shared', of: 'y', inputs: ['x'] }] },
    '/layers/1/of',
    /of is the name of a layer/,
  ],
  [
    'sharing on another width',
    {
      layers: [
        input,
        { type: 'Input', name: 'w', shape: [3] },
        { type: 'Dense', name: 'd', units: 1, inputs: ['x'] },
        { type: 'Shared', of: 'd', inputs: ['w'] },
      ],
    },
    '/layers/3',
    /expected the input of "d"/,
  ],
])('%s is a mistake with its pointer', (_, definition, pointer, detail) => {
  const build = () => buildModel(parseDefinition(definition))
  expect(build).toThrow(detail)
  expect(build).toThrow(expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }))
})
