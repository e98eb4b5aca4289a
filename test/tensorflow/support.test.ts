/** What the second engine refuses before anything is queued, over the plan of a request. */
import { describe, expect, test } from 'vitest'
import { readTable } from '../../src/data/readers/read-table.ts'
import { Problem } from '../../src/errors.ts'
import { constraints } from '../../src/nn/constraints/index.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { layers as allLayers, layerOf } from '../../src/nn/layers/index.ts'
import { losses } from '../../src/nn/losses/index.ts'
import { optimizers } from '../../src/nn/optimizers/index.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { engineConstraints } from '../../src/tensorflow/constraints.ts'
import { engineLayers } from '../../src/tensorflow/layers/index.ts'
import { engineLosses } from '../../src/tensorflow/losses.ts'
import { engineOptimizers } from '../../src/tensorflow/optimizers.ts'

const csv = ['a,b,c,d,y', ...Array.from({ length: 20 }, (_, i) => [i, i % 3, i % 5, i % 7, 2 * i].join(','))].join('\n')
const { table, columns } = await readTable(Buffer.from(csv))
const head = { type: 'Dense', units: 1 }

function plan(layers: readonly object[], request: object = {}, more: object = {}) {
  const definition = parseDefinition({ layers, ...more })
  const given = { dataset: 'ds_1', target: 'y', engine: 'tensorflow', ...request }
  return planTraining({ definition, table, columns, request: given, seed: 1 })
}

function refusal(layers: readonly object[], request: object = {}, more: object = {}) {
  try {
    plan(layers, request, more)
  } catch (error) {
    if (error instanceof Problem) return { code: error.code, ...error.errors?.[0] }
    throw error
  }
  return null
}

test('the engine is told back with the request', () => {
  expect(plan([head]).request.engine).toBe('tensorflow')
  expect(plan([head], { engine: undefined }).request.engine).toBe('onnxruntime')
})

test('the tables name layers, losses, optimizers and constraints that there are', () => {
  expect(Object.keys(allLayers)).toEqual(expect.arrayContaining(Object.keys(engineLayers)))
  expect(Object.keys(losses)).toEqual(expect.arrayContaining([...engineLosses]))
  expect(Object.keys(optimizers)).toEqual(expect.arrayContaining([...engineOptimizers]))
  expect(Object.keys(constraints)).toEqual(expect.arrayContaining([...engineConstraints]))
})

test('every layer makes the masks that the first engine has', () => {
  const own = Object.keys(engineLayers).filter((type) => typeof layerOf(type).mask === 'function')
  expect(own.filter((type) => !engineLayers[type]?.mask)).toEqual([])
})

const steps = { type: 'Reshape', target_shape: [4, 1] }
const image = { type: 'Reshape', target_shape: [2, 2, 1] }
const volume = { type: 'Reshape', target_shape: [2, 2, 1, 1] }
const flat = { type: 'Flatten' }
const windows = { filters: 1, kernel_size: 2 }

describe('is refused at its layer', () => {
  test.each<[string, readonly object[], number, RegExp]>([
    [
      'a layer that TensorFlow.js lacks',
      [steps, { type: 'SeparableConv1D', ...windows }, flat, head],
      1,
      /SeparableConv1D: .*which TensorFlow.js lacks/,
    ],
    [
      'a layer whose gradient is missing there',
      [volume, { type: 'Conv3DTranspose', ...windows }, flat, head],
      1,
      /gradient TensorFlow.js lacks/,
    ],
    [
      'interpolation whose gradient is missing there',
      [image, { type: 'UpSampling2D', interpolation: 'bilinear' }, flat, head],
      1,
      /"bilinear"/,
    ],
    [
      'a dilation',
      [steps, { type: 'Conv1D', ...windows, dilation_rate: 2 }, flat, head],
      1,
      /dilation_rate 2: .*no grad/,
    ],
    [
      'groups of channels',
      [
        steps,
        { type: 'Conv1D', filters: 2, kernel_size: 1 },
        { type: 'Conv1D', filters: 2, kernel_size: 1, groups: 2 },
        flat,
        head,
      ],
      2,
      /groups 2/,
    ],
    [
      'output_padding',
      [image, { type: 'Conv2DTranspose', ...windows, strides: 2, output_padding: 1 }, flat, head],
      1,
      /output_padding 1/,
    ],
    ['renormalization', [{ type: 'BatchNormalization', renorm: true }, head], 0, /renorm true/],
    ['an activation', [{ type: 'Dense', units: 3, activation: 'sparsemax' }, head], 0, /activation sparsemax/],
    [
      'a layer of another kind in a wrapper',
      [image, { type: 'TimeDistributed', layer: { type: 'DepthwiseConv1D', kernel_size: 1 } }, flat, head],
      1,
      /DepthwiseConv1D inside/,
    ],
    [
      'an argument in a wrapper',
      [steps, { type: 'Bidirectional', layer: { type: 'GRU', units: 1, activation: 'sparsemax' } }, head],
      1,
      /with GRU inside: the activation sparsemax/,
    ],
    [
      'a layer behind a written Input',
      [{ type: 'Input', shape: [4] }, { type: 'BatchNormalization', renorm: true }, head],
      1,
      /^layers\[1\]/,
    ],
    [
      'a layer of a graph that is written in another order',
      [
        { type: 'Input', shape: [4], name: 'x' },
        { type: 'Dense', units: 1, inputs: ['last'], name: 'out' },
        { type: 'BatchNormalization', renorm: true, inputs: ['x'], name: 'last' },
      ],
      2,
      /^layers\[2\]/,
    ],
  ])('%s', (_, layers, index, why) => {
    const outputs = layers.some((layer) => 'name' in layer && layer.name === 'out') ? { outputs: ['out'] } : {}
    const found = refusal(layers, {}, outputs)
    expect(found).toMatchObject({ code: 'invalid_training', in: 'body', pointer: `/layers/${index}` })
    expect(found?.detail).toMatch(why)
  })
})

describe('is refused where it stands in the request', () => {
  test.each<[object, string]>([
    [{ optimizer: 'nadam' }, '/optimizer'],
    [{ optimizer: 'ftrl' }, '/optimizer'],
    [{ optimizer: 'lion' }, '/optimizer'],
    [{ device: 'cuda' }, '/device'],
    [{ engine: 'torch' }, '/engine'],
  ])('%j', (request, pointer) => {
    expect(refusal([head], request)).toMatchObject({ code: 'invalid_training', pointer })
  })

  test('but only where the engine is asked for', () => {
    expect(refusal([head], { engine: 'onnxruntime', optimizer: 'nadam' })).toBeNull()
    expect(refusal([head], { optimizer: { name: 'adam', learning_rate: 0.1 } })).toBeNull()
  })
})

test('a graph with two inputs and two outputs is planned for it', () => {
  const input = (name: string) => ({ type: 'Input', shape: [2], name })
  const layers = [
    ...[input('one'), input('two'), { type: 'Concatenate', inputs: ['one', 'two'], name: 'all' }],
    { type: 'Dense', units: 1, inputs: ['all'], name: 'y' },
  ]
  expect(refusal(layers, { features: { one: ['a', 'b'], two: ['c', 'd'] } })).toBeNull()
})
