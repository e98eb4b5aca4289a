/** What the second engine refuses before anything is queued, over the plan of a request. */
import { describe, expect, test } from 'vitest'
import { readTable } from '../../src/data/readers/read-table.ts'
import { Problem } from '../../src/errors.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { layers as allLayers } from '../../src/nn/layers/index.ts'
import { losses } from '../../src/nn/losses/index.ts'
import { optimizers } from '../../src/nn/optimizers/index.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { supportedLayers, supportedLosses, supportedOptimizers } from '../../src/tensorflow/support.ts'

const csv = ['a,b,c,d,y', ...Array.from({ length: 20 }, (_, i) => [i, i % 3, i % 5, i % 7, 2 * i].join(','))].join('\n')
const { table, columns } = await readTable(Buffer.from(csv))
const head = { type: 'Dense', units: 1 }

function plan(layers: readonly object[], request: object = {}) {
  const definition = parseDefinition({ layers })
  const given = { dataset: 'ds_1', target: 'y', engine: 'tensorflow', ...request }
  return planTraining({ definition, table, columns, request: given, seed: 1 })
}

function refusal(layers: readonly object[], request: object = {}) {
  try {
    plan(layers, request)
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

test('the tables name layers, losses and optimizers that there are', () => {
  expect(Object.keys(allLayers)).toEqual(expect.arrayContaining(Object.keys(supportedLayers)))
  expect(Object.keys(losses)).toEqual(expect.arrayContaining([...supportedLosses]))
  expect(Object.keys(optimizers)).toEqual(expect.arrayContaining([...supportedOptimizers]))
})

const steps = { type: 'Reshape', target_shape: [4, 1] }
const image = { type: 'Reshape', target_shape: [2, 2, 1] }
const flat = { type: 'Flatten' }

describe('is refused at its layer', () => {
  test.each<[string, readonly object[], number, RegExp]>([
    [
      'a layer that TensorFlow.js lacks',
      [{ type: 'UnitNormalization' }, head],
      0,
      /UnitNormalization: .*cannot train this layer/,
    ],
    ['a layer whose gradient is wrong there', [image, { type: 'UpSampling2D' }, flat, head], 1, /computes wrongly/],
    [
      'a causal convolution',
      [steps, { type: 'Conv1D', filters: 1, kernel_size: 2, padding: 'causal' }, flat, head],
      1,
      /causal/,
    ],
    ['a dilation', [steps, { type: 'Conv1D', filters: 1, kernel_size: 2, dilation_rate: 2 }, flat, head], 1, /dilat/],
    ['reset_after', [steps, { type: 'GRU', units: 1 }], 1, /"reset_after": false/],
    ['dropout inside of a layer', [steps, { type: 'LSTM', units: 1, dropout: 0.5 }], 1, /dropout 0.5/],
    ['a normalization without scale', [{ type: 'BatchNormalization', scale: false }, head], 0, /without scale/],
    [
      'a layer of another kind in a wrapper',
      [steps, { type: 'TimeDistributed', layer: { type: 'GaussianNoise', stddev: 1 } }, flat, head],
      1,
      /GaussianNoise inside/,
    ],
    [
      'an argument in a wrapper',
      [steps, { type: 'Bidirectional', layer: { type: 'GRU', units: 1 } }, head],
      1,
      /reset_after/,
    ],
    [
      'dropout that leaves nothing of a layer',
      [steps, { type: 'LSTM', units: 1, recurrent_dropout: 1 }],
      1,
      /recurrent_dropout 1/,
    ],
    ['a normalization of another axis', [steps, { type: 'BatchNormalization', axis: 1 }, flat, head], 1, /last axis/],
    ['a threshold', [{ type: 'ReLU', threshold: 1 }, head], 0, /threshold 1/],
    ['an ELU of another slope', [{ type: 'ELU', alpha: 0 }, head], 0, /alpha 0/],
    ['a dropout that leaves nothing', [{ type: 'Dropout', rate: 1 }, head], 0, /rate of 1/],
    ['frozen statistics', [{ type: 'BatchNormalization', trainable: false }, head], 0, /trainable: false/],
    ['a constraint', [{ type: 'Dense', units: 1, kernel_constraint: 'non_neg' }], 0, /constraint/],
    ['a penalty of activity', [{ type: 'Dense', units: 1, activity_regularizer: 'l2' }], 0, /activity_regularizer/],
    [
      'an activation that means something else there',
      [{ type: 'Dense', units: 1, activation: 'hard_sigmoid' }],
      0,
      /hard_sigmoid/,
    ],
    [
      'a layer behind a written Input',
      [{ type: 'Input', shape: [4] }, { type: 'UnitNormalization' }, head],
      1,
      /^layers\[1\]/,
    ],
  ])('%s', (_, layers, index, why) => {
    const found = refusal(layers)
    expect(found).toMatchObject({ code: 'invalid_training', in: 'body', pointer: `/layers/${index}` })
    expect(found?.detail).toMatch(why)
  })

  test('a model with two inputs, at the engine', () => {
    const input = (name: string) => ({ type: 'Input', shape: [2], name })
    const layers = [input('one'), input('two'), { type: 'Concatenate', inputs: ['one', 'two'] }, head]
    const features = { one: ['a', 'b'], two: ['c', 'd'] }
    expect(refusal(layers, { features })).toMatchObject({ code: 'invalid_training', pointer: '/engine' })
    expect(refusal(layers, { features, engine: 'onnxruntime' })).toBeNull()
  })

  test('a graph', () => {
    const layers = [
      { type: 'Input', shape: [4], name: 'x' },
      { type: 'Dense', units: 4, name: 'a' },
    ]
    const sum = { type: 'Add', inputs: ['x', 'a'] }
    expect(refusal([...layers, sum, head])).toMatchObject({ pointer: '/layers/2' })
    expect(refusal([...layers, { ...head, inputs: ['x'] }])).not.toBeNull()
  })
})

describe('is refused where it stands in the request', () => {
  test.each<[object, string]>([
    [{ optimizer: 'nadam' }, '/optimizer'],
    [{ optimizer: 'ftrl' }, '/optimizer'],
    [{ optimizer: 'lion' }, '/optimizer'],
    [{ optimizer: 'adamw' }, '/optimizer'],
    [{ optimizer: { name: 'adam', amsgrad: true } }, '/optimizer/amsgrad'],
    [{ optimizer: { name: 'sgd', clipnorm: 1 } }, '/optimizer/clipnorm'],
    [{ optimizer: { name: 'sgd', weight_decay: 0.1 } }, '/optimizer/weight_decay'],
    [{ optimizer: { name: 'sgd', use_ema: true } }, '/optimizer/use_ema'],
    [{ optimizer: { name: 'sgd', gradient_accumulation_steps: 2 } }, '/optimizer/gradient_accumulation_steps'],
    [{ loss: 'poisson' }, '/loss'],
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
