/** Convolutions and moving statistics through the trained program, against plain steps one by one. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { buildModel } from '../../src/nn/model.ts'
import type { Given } from '../../src/nn/named.ts'
import { initialWeights } from '../../src/nn/weights.ts'
import { allclose } from '../support/allclose.ts'
import { someNumbers } from '../support/check-layer.ts'
import { trainSmall } from '../support/train.ts'
import { trainSteps } from '../support/train-steps.ts'

const layers = [
  { type: 'Reshape', target_shape: [6, 5, 2] },
  { type: 'Conv2D', filters: 4, kernel_size: 3, padding: 'same', activation: 'relu' },
  { type: 'MaxPooling2D', padding: 'same' },
  { type: 'BatchNormalization', momentum: 0.7 },
  { type: 'SeparableConv2D', filters: 3, kernel_size: 2, activation: 'relu' },
  { type: 'BatchNormalization', name: 'frozen', trainable: false },
  { type: 'AveragePooling2D', pool_size: 2, strides: 1, padding: 'same' },
  { type: 'LayerNormalization' },
  { type: 'UpSampling2D', interpolation: 'bicubic' },
  { type: 'BatchNormalization', renorm: true, momentum: 0.7, renorm_clipping: { rmax: 3, dmax: 5 } },
  { type: 'Permute', dims: [3, 1, 2] },
  { type: 'Conv2D', filters: 4, kernel_size: [2, 1], activation: 'glu', data_format: 'channels_first' },
  { type: 'AdaptiveMaxPooling2D', output_size: 2, data_format: 'channels_first' },
  { type: 'Flatten' },
  { type: 'Dense', units: 1 },
]
const width = 60
const rows = 10

test.each([
  ['sgd', { name: 'sgd', learning_rate: 0.05, momentum: 0.5 }],
  ['adam', { name: 'adam', learning_rate: 0.01 }],
])('a training with %s ends where plain steps end, the last batch short', async (_, optimizer) => {
  const numbers = someNumbers(rows * width, 'x')
  const x = Array.from({ length: rows }, (_, row) => numbers.slice(row * width, (row + 1) * width))
  const y = someNumbers(rows, 'y')
  const loss = 'mean_squared_error'
  const { result } = await trainSmall({ layers, x, y, loss, optimizer, batchSize: 4, epochs: 2 })
  const model = buildModel(parseDefinition({ layers }), [width])
  const epoch = [0, 4, 8].map((at) => [x.slice(at, at + 4), y.slice(at, at + 4).map((value) => [value])] as const)
  const plain = await trainSteps(model, initialWeights(model, 1), loss, optimizer as Given, [...epoch, ...epoch])
  for (const { name } of model.weights) {
    const { data } = result.last.weights.get(name) ?? { data: [] }
    allclose(data, plain.weights.get(name) ?? [], { relative: 2e-4, absolute: 2e-5 })
  }
  expect([...(result.last.weights.get('frozen/moving_mean')?.data ?? [])]).toEqual([0, 0, 0])
})

test('convolutions of whole blocks of channels end where plain steps end as well', async () => {
  const blocks = [
    { type: 'Reshape', target_shape: [6, 8, 2] },
    { type: 'Conv2D', filters: 16, kernel_size: 3, padding: 'same', activation: 'relu' },
    { type: 'MaxPooling2D' },
    { type: 'Conv2D', filters: 16, kernel_size: 2, activation: 'relu' },
    { type: 'Flatten' },
    { type: 'Dense', units: 1 },
  ]
  const [rows, width] = [20, 96]
  const numbers = someNumbers(rows * width, 'x')
  const x = Array.from({ length: rows }, (_, row) => numbers.slice(row * width, (row + 1) * width))
  const y = someNumbers(rows, 'y')
  const loss = 'mean_squared_error'
  const optimizer = { name: 'sgd', learning_rate: 0.05 }
  const { result } = await trainSmall({ layers: blocks, x, y, loss, optimizer, batchSize: 16, epochs: 3 })
  const model = buildModel(parseDefinition({ layers: blocks }), [width])
  const epoch = [0, 16].map((at) => [x.slice(at, at + 16), y.slice(at, at + 16).map((value) => [value])] as const)
  const plain = await trainSteps(model, initialWeights(model, 1), loss, optimizer, [...epoch, ...epoch, ...epoch])
  for (const { name } of model.weights) {
    const { data } = result.last.weights.get(name) ?? { data: [] }
    allclose(data, plain.weights.get(name) ?? [], { relative: 2e-4, absolute: 2e-5 })
  }
})
