/**
 * The two engines train the same: whole trainings from the same request. On TensorFlow.js in JavaScript alone; with
 * FITSERVE_TFJS=native on its native library, which then has to be in place.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { resolveMetric } from '../../src/nn/metrics/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import type { Given } from '../../src/nn/named.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { elementCount, type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import { type Backend, openBackend } from '../../src/tensorflow/backend.ts'
import { tensorflowMisfit } from '../../src/tensorflow/support.ts'
import { openSteps } from '../../src/tensorflow/trainer.ts'
import type { TrainingState } from '../../src/training/checkpoint.ts'
import { engineOf, type OpenEngine, openOnnx } from '../../src/training/engine.ts'
import { type FitEvents, type FitSettings, type HistoryRow, fit as runFit } from '../../src/training/fit.ts'
import { allclose } from '../support/allclose.ts'
import { someNumbers } from '../support/check-layer.ts'

const device = process.env.FITSERVE_TFJS === 'native' ? 'tensorflow-native' : 'tensorflow-cpu'
let backend: Backend
let openTensorflow: OpenEngine
beforeAll(async () => {
  backend = await openBackend(device)
  openTensorflow = engineOf((settings) => openSteps(backend, settings))
})

interface Training {
  readonly layers: readonly object[]
  readonly shape: readonly number[]
  readonly loss?: Given
  readonly optimizer?: Given | object
  readonly metrics?: readonly Given[]
  readonly epochs?: number
  readonly weights?: boolean
  /** Whole numbers below it as inputs. */
  readonly words?: number
}

const rows = 22

function settingsOf(given: Training): FitSettings {
  const { shape, loss: lossGiven = 'mse', optimizer = 'sgd', metrics = [], epochs = 2, words } = given
  const model = buildModel(parseDefinition({ layers: [{ type: 'Input', shape }, ...given.layers] }))
  const loss = resolveLoss(lossGiven)
  const { targetKind } = lossOf(loss)
  const drawn = someNumbers(rows * elementCount(shape), 'x')
  const x = words === undefined ? drawn : drawn.map((value) => Math.floor(((value + 1) / 2) * words) % words)
  const part = {
    rows,
    x: tensorOf('float32', x, [rows, ...shape]),
    y: truth(targetKind, model.outputs[0]?.shape ?? []),
    weights: given.weights ? Float32Array.from({ length: rows }, (_, row) => 0.5 + (row % 3)) : null,
  }
  return {
    ...{ model, loss, metrics: metrics.map(resolveMetric), metricKind: targetKind, train: part, validation: part },
    ...{ optimizer: resolveOptimizer(optimizer as Given), epochs, batchSize: 8, shuffle: true, seed: 4 },
    ...{ providers: ['cpu'], threads: 1 },
  }
}

function truth(kind: string, outputShape: readonly number[]): Tensor<'float32'> | Tensor<'int32'> {
  const units = outputShape.at(-1) ?? 1
  const classOf = (row: number) => (row * 7) % units
  if (kind === 'class_index')
    return tensorOf(
      'int32',
      Array.from({ length: rows }, (_, row) => classOf(row)),
      [rows],
    )
  const numbers = someNumbers(rows * elementCount(outputShape), 'y')
  const binary = numbers.map((value) => Number(value > 0))
  const oneHot = numbers.map((_, i) => Number(i % units === classOf(Math.floor(i / units))))
  const values = kind === 'one_hot' ? oneHot : kind === 'binary' ? binary : numbers
  return tensorOf('float32', values, [rows, ...outputShape])
}

async function train(settings: FitSettings, open: OpenEngine, events: FitEvents = {}) {
  const history: HistoryRow[] = []
  const result = await runFit(settings, { ...events, onEpoch: (row) => void history.push(row) }, open)
  return { history, ...result }
}

const numbersOf = (history: readonly HistoryRow[]) => history.map(({ seconds: _, ...row }) => row)
const weightsOf = ({ weights }: TrainingState) => [...weights.values()].flatMap(({ data }) => [...data])

async function compare(given: Training) {
  const settings = settingsOf(given)
  const { model, loss, optimizer } = settings
  expect(tensorflowMisfit({ model, definition: model, loss, optimizer, device: 'auto' })).toBeNull()
  const ours = await train(settings, openOnnx)
  const theirs = await train(settings, openTensorflow)
  const keys = (history: readonly HistoryRow[]) => history.map((row) => Object.keys(row))
  expect(keys(theirs.history)).toEqual(keys(ours.history))
  const values = (history: readonly HistoryRow[]) => numbersOf(history).flatMap((row) => Object.values(row).map(Number))
  allclose(values(theirs.history), values(ours.history), { relative: 1e-4, absolute: 1e-5 })
  expect([...theirs.last.weights.keys()]).toEqual(model.weights.map(({ name }) => name))
  for (const [name, { data, shape }] of theirs.last.weights) {
    const own = ours.last.weights.get(name)
    expect(shape).toEqual(own?.shape)
    allclose([...data], [...(own?.data ?? [])], { relative: 1e-4, absolute: 2e-5 })
  }
  expect([...theirs.last.slots.keys()].sort()).toEqual([...ours.last.slots.keys()].sort())
  expect(theirs.best?.position.epoch).toBe(ours.best?.position.epoch)
}

const classifier: Training = {
  shape: [4],
  layers: [
    { type: 'Dense', units: 6, activation: 'tanh', kernel_regularizer: { name: 'l1_l2', l1: 0.01, l2: 0.02 } },
    { type: 'Dense', units: 3, activation: 'softmax' },
  ],
  loss: 'sparse_categorical_crossentropy',
  metrics: ['accuracy'],
}
const regression = {
  shape: [4],
  layers: [
    { type: 'Dense', units: 5, activation: 'elu' },
    { type: 'Dense', units: 2 },
  ],
}

test('the engine runs on the device that was asked for', () => {
  expect(backend.device).toBe(device)
  expect(backend.tf.getBackend()).toBe(device === 'tensorflow-native' ? 'tensorflow' : 'cpu')
})

describe('both engines give the same history and weights with', () => {
  test.each([
    { name: 'sgd', learning_rate: 0.1 },
    { name: 'sgd', learning_rate: 0.1, momentum: 0.8 },
    { name: 'sgd', learning_rate: 0.1, momentum: 0.8, nesterov: true },
    { name: 'adam', learning_rate: 0.02 },
    { name: 'rmsprop', learning_rate: 0.01 },
    { name: 'rmsprop', learning_rate: 0.01, momentum: 0.5, centered: true, epsilon: 0.001 },
    { name: 'adagrad', learning_rate: 0.1 },
    { name: 'adamax', learning_rate: 0.02 },
    { name: 'adadelta', learning_rate: 1 },
    {
      name: 'sgd',
      learning_rate: { name: 'exponential_decay', initial_learning_rate: 0.2, decay_steps: 2, decay_rate: 0.7 },
    },
  ])('%j', (optimizer) => compare({ ...classifier, optimizer }))

  test.each<[string, Training]>([
    ['mean_squared_error', { ...regression, metrics: ['mae'] }],
    ['mean_absolute_error', regression],
    ['huber', regression],
    ['log_cosh', regression],
    ['binary_crossentropy', { ...classifier, layers: [{ type: 'Dense', units: 2, activation: 'sigmoid' }] }],
    ['categorical_crossentropy', classifier],
  ])('%s', (loss, given) => compare({ ...given, loss }))

  test('crossentropy from logits', () => {
    const loss = { name: 'sparse_categorical_crossentropy', from_logits: true }
    return compare({ ...classifier, layers: [{ type: 'Dense', units: 3 }], loss })
  })

  test.each([
    { name: 'categorical_crossentropy', label_smoothing: 0.2 },
    { name: 'huber', delta: 0.3 },
  ])('%j', (loss) => compare({ ...classifier, loss, metrics: [] }))

  test('weighted rows', () => compare({ ...classifier, weights: true }))

  test('a layer that is not trained', () =>
    compare({
      ...regression,
      layers: [
        { type: 'Dense', units: 5, trainable: false },
        { type: 'Dense', units: 1 },
      ],
    }))
})

const gated = { recurrent_activation: 'sigmoid' }
const networks: Readonly<Record<string, Training>> = {
  'convolutions over places': {
    shape: [6, 5, 2],
    layers: [
      { type: 'Conv2D', filters: 3, kernel_size: 3, padding: 'same', strides: [1, 2], activation: 'relu' },
      { type: 'BatchNormalization', momentum: 0.8 },
      { type: 'MaxPooling2D', pool_size: 2, strides: 1 },
      { type: 'Conv2D', filters: 2, kernel_size: [2, 1], activation: 'tanh' },
      { type: 'AveragePooling2D', pool_size: [2, 1] },
      { type: 'Flatten' },
      { type: 'Dense', units: 2 },
    ],
  },
  'convolutions over steps': {
    shape: [18],
    layers: [
      { type: 'Reshape', target_shape: [9, 2] },
      { type: 'Conv1D', filters: 4, kernel_size: 3, padding: 'same', activation: 'tanh' },
      { type: 'MaxPooling1D', pool_size: 2 },
      { type: 'Conv1D', filters: 2, kernel_size: 2, use_bias: false },
      { type: 'AveragePooling1D', pool_size: 2, strides: 1 },
      { type: 'Activation', activation: 'silu' },
      { type: 'GlobalAveragePooling1D' },
    ],
  },
  'other convolutions': {
    shape: [5, 4, 2],
    layers: [
      {
        type: 'ZeroPadding2D',
        padding: [
          [1, 0],
          [2, 1],
        ],
      },
      { type: 'SeparableConv2D', filters: 4, kernel_size: 3, depth_multiplier: 2, pointwise_regularizer: 'l2' },
      { type: 'LayerNormalization' },
      { type: 'DepthwiseConv2D', kernel_size: 2, padding: 'same', activation: 'softplus' },
      { type: 'Conv2DTranspose', filters: 3, kernel_size: 3, strides: 2, padding: 'same' },
      { type: 'ELU' },
      {
        type: 'Cropping2D',
        cropping: [
          [1, 2],
          [0, 1],
        ],
      },
      { type: 'Permute', dims: [2, 1, 3] },
      { type: 'ReLU', max_value: 0.7 },
      { type: 'Flatten' },
      { type: 'Dense', units: 3 },
      { type: 'Softmax' },
    ],
  },
  'layers that hold another': {
    shape: [3],
    layers: [
      { type: 'RepeatVector', n: 4 },
      { type: 'TimeDistributed', layer: { type: 'Dense', units: 3, activation: 'tanh' } },
      { type: 'Bidirectional', layer: { type: 'LSTM', units: 2, return_sequences: true } },
      { type: 'Bidirectional', layer: { type: 'GRU', units: 2, reset_after: false }, merge_mode: 'sum' },
      { type: 'Dense', units: 1 },
    ],
  },
  'an axis left open, and windows over the edges': {
    shape: [30],
    layers: [
      { type: 'Reshape', target_shape: [5, -1, 2] },
      { type: 'BatchNormalization', axis: 3 },
      { type: 'AveragePooling2D', pool_size: 2, strides: 2, padding: 'same' },
      { type: 'Conv2D', filters: 2, kernel_size: 2, strides: 2, padding: 'same', activation: 'softmax' },
      { type: 'Reshape', target_shape: [2, 2] },
      { type: 'MaxPooling1D', pool_size: 2, strides: 1, padding: 'same' },
      { type: 'SimpleRNN', units: 2, activation: 'relu', use_bias: false },
    ],
  },
  'global pools': {
    shape: [4, 3, 2],
    layers: [
      { type: 'Conv2D', filters: 2, kernel_size: 2 },
      { type: 'GlobalMaxPooling2D' },
      { type: 'Dense', units: 1 },
    ],
  },
  'words and an LSTM': {
    shape: [5],
    words: 7,
    layers: [
      { type: 'Embedding', input_dim: 7, output_dim: 3 },
      { type: 'LSTM', units: 3, ...gated, return_sequences: true },
      { type: 'GlobalMaxPooling1D' },
      { type: 'Dense', units: 1 },
    ],
  },
  'a GRU backwards and a SimpleRNN': {
    shape: [4, 2],
    layers: [
      { type: 'SimpleRNN', units: 3, return_sequences: true },
      { type: 'GRU', units: 2, ...gated, reset_after: false, go_backwards: true },
    ],
  },
}

describe('both engines give the same history and weights for', () => {
  test.each(Object.keys(networks))('%s', (name) =>
    compare({ ...(networks[name] as Training), optimizer: { name: 'sgd', learning_rate: 0.05 } }),
  )
})

test('dropout leaves the served model alone', async () => {
  const layers = [
    { type: 'Dense', units: 8 },
    { type: 'Dropout', rate: 0.5 },
    { type: 'Dense', units: 1 },
  ]
  const { history } = await train(settingsOf({ ...regression, layers, epochs: 3 }), openTensorflow)
  expect(history).toHaveLength(3)
  for (const row of history) expect(row.val_loss).toBeGreaterThan(0)
  expect(history.some((row) => Math.abs(Number(row.loss) - Number(row.val_loss)) > 1e-3)).toBe(true)
})

test('a training that was stopped goes on from its state in either engine', async () => {
  const settings = settingsOf({ ...classifier, optimizer: { name: 'adam', learning_rate: 0.02 }, epochs: 4 })
  const whole = await train(settings, openTensorflow)
  const half = await train({ ...settings, epochs: 2 }, openTensorflow)
  for (const open of [openTensorflow, openOnnx]) {
    const rest = await train(settings, open, { resumeFrom: half.last })
    allclose(weightsOf(rest.last), weightsOf(whole.last), { relative: 1e-4, absolute: 2e-5 })
    expect(rest.history.map(({ epoch }) => epoch)).toEqual([3, 4])
  }
})

test('a loss that is no number ends the training with its step', async () => {
  const settings = settingsOf({ ...regression, optimizer: { name: 'sgd', learning_rate: 1e30 }, epochs: 3 })
  await expect(train(settings, openTensorflow)).rejects.toMatchObject({ code: 'loss_not_finite' })
})

test('a training leaves no tensors behind', async () => {
  const settings = settingsOf({ ...classifier, optimizer: 'adam' })
  await train(settings, openTensorflow)
  const before = backend.tf.memory().numTensors
  await train({ ...settings, epochs: 4 }, openTensorflow)
  expect(backend.tf.memory().numTensors).toBe(before)
})
