/** What the second engine refuses before anything is queued, over the plan of a request. */
import { describe, expect, test } from 'vitest'
import { readTable } from '../../src/data/readers/read-table.ts'
import { Problem } from '../../src/errors.ts'
import { constraints } from '../../src/nn/constraints/index.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { layers as allLayers, layerOf } from '../../src/nn/layers/index.ts'
import { losses } from '../../src/nn/losses/index.ts'
import { optimizers } from '../../src/nn/optimizers/index.ts'
import { regularizers } from '../../src/nn/regularizers/index.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { engineConstraints } from '../../src/tensorflow/constraints.ts'
import { engineLayers } from '../../src/tensorflow/layers/index.ts'
import { engineLosses } from '../../src/tensorflow/losses.ts'
import { engineOptimizers } from '../../src/tensorflow/optimizers.ts'
import { engineRegularizers } from '../../src/tensorflow/regularizers.ts'
import { tensorflowMisfit } from '../../src/tensorflow/support.ts'

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
  expect(Object.keys(regularizers)).toEqual(expect.arrayContaining([...engineRegularizers]))
})

test('every layer makes the masks that the first engine has', () => {
  const own = Object.keys(engineLayers).filter((type) => typeof layerOf(type).mask === 'function')
  expect(own.filter((type) => !engineLayers[type]?.mask)).toEqual([])
})

const image = { type: 'Reshape', target_shape: [2, 2, 1] }
const volume = { type: 'Reshape', target_shape: [2, 2, 1, 1] }
const flat = { type: 'Flatten' }
const windows = { filters: 1, kernel_size: 2 }

describe('is refused at its layer', () => {
  test.each<[string, readonly object[], number, RegExp]>([
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
      'a dilation backwards',
      [image, { type: 'Conv2DTranspose', ...windows, dilation_rate: 2 }, flat, head],
      1,
      /dilation_rate 2: TensorFlow.js has no dilation/,
    ],
    [
      'strides that differ',
      [image, { type: 'DepthwiseConv2D', kernel_size: 1, strides: [1, 2] }, flat, head],
      1,
      /strides \[1,2\]: TensorFlow takes one/,
    ],
    [
      'output_padding',
      [image, { type: 'Conv2DTranspose', ...windows, strides: 2, output_padding: 1 }, flat, head],
      1,
      /output_padding 1/,
    ],
    ['renormalization', [{ type: 'BatchNormalization', renorm: true }, head], 0, /renorm true/],
    [
      'a layer of another kind in a wrapper',
      [
        { type: 'Reshape', target_shape: [1, 2, 2, 1, 1] },
        { type: 'TimeDistributed', layer: { type: 'Conv3DTranspose', ...windows } },
        flat,
        head,
      ],
      1,
      /with Conv3DTranspose inside: this layer, whose gradient/,
    ],
    [
      'an argument in a wrapper',
      [
        { type: 'Reshape', target_shape: [1, 2, 2, 1] },
        { type: 'TimeDistributed', layer: { type: 'UpSampling2D', interpolation: 'bicubic' } },
        flat,
        head,
      ],
      1,
      /with UpSampling2D inside: interpolation "bicubic"/,
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

test('a loss that it does not know is refused, of one output at its name', () => {
  const { model, loss, optimizer } = plan([head])
  const planned = { definition: { layers: [head] }, model, loss, optimizer, device: 'auto' }
  expect(tensorflowMisfit(planned)).toBeNull()
  expect(tensorflowMisfit({ ...planned, loss: { name: 'of_tomorrow' } })?.pointer).toBe('/loss')
  const outputs = [
    { name: 'kind', loss },
    { name: 'price', loss: { name: 'of_tomorrow' } },
  ]
  expect(tensorflowMisfit({ ...planned, outputs })?.pointer).toBe('/loss/price')
})

test('a graph with two inputs and two outputs is planned for it', () => {
  const input = (name: string) => ({ type: 'Input', shape: [2], name })
  const layers = [
    ...[input('one'), input('two'), { type: 'Concatenate', inputs: ['one', 'two'], name: 'all' }],
    { type: 'Dense', units: 1, inputs: ['all'], name: 'y' },
  ]
  expect(refusal(layers, { features: { one: ['a', 'b'], two: ['c', 'd'] } })).toBeNull()
})
