import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { resolveLoss } from '../../src/nn/losses/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { fromBytes } from '../../src/onnx/codec.ts'
import type { Graph } from '../../src/onnx/graph.ts'
import { buildTrainingProgram } from '../../src/training/program.ts'

/** A network whose first kernel is large enough to be alone. */
function program(optimizer: Parameters<typeof resolveOptimizer>[0]) {
  const layers = [
    { type: 'Input', shape: [128] },
    { type: 'Dense', units: 160, activation: 'tanh' },
    { type: 'Dense', units: 1 },
  ]
  return buildTrainingProgram({
    model: buildModel(parseDefinition({ layers })),
    loss: resolveLoss('mse'),
    optimizer: resolveOptimizer(optimizer),
    target: { type: 'float32', shape: [1] },
    withPredictions: false,
  })
}

const stateDims = (optimizer: Parameters<typeof resolveOptimizer>[0]) =>
  Object.fromEntries(program(optimizer).state.map(({ name, dims }) => [name, dims]))

test('what plain SGD moves is carried each for itself, kernels as matrices', () => {
  expect(Object.values(stateDims('sgd'))).toEqual([
    [128, 160],
    [1, 160],
    [160, 1],
    [1, 1],
  ])
})

test('SGD that does more than to add the gradient joins what is small', () => {
  const joined = { 'state/group0': [1, 20480], 'state/group1': [1, 321] }
  const clipped = { name: 'sgd', clipvalue: 1 }
  expect(stateDims(clipped)).toEqual(joined)
  const decayed = { name: 'sgd', weight_decay: 0.1 }
  expect(Object.keys(stateDims(decayed))).toEqual(Object.keys(joined))
})

test('the velocity of momentum is carried as a matrix, the kernel that it moves as a vector', () => {
  const momentum = { name: 'sgd', momentum: 0.9 }
  const dims = stateDims(momentum)
  expect(dims['state/group0/velocity']).toEqual([128, 160])
  expect(dims['state/group0']).toEqual([1, 20480])
})

test('Adam reads its gradient twice: all of its state is vectors', () => {
  expect(Object.values(stateDims('adam')).every(([rows]) => rows === 1)).toBe(true)
})

test('the body of SGD ends without copying a weight, and joins nothing', () => {
  const { graph } = fromBytes(program('sgd').bytes)
  const body = graph.nodes.find(({ opType }) => opType === 'Scan')?.attributes.body as Graph
  const last = body.outputs.slice(0, 4).map((output) => body.nodes.find(({ outputs }) => outputs[0] === output)?.opType)
  expect(last).toEqual(['Gemm', 'Gemm', 'Gemm', 'Gemm'])
  expect(body.nodes.filter(({ opType }) => ['Split', 'Concat'].includes(opType))).toEqual([])
})
