/** The two engines train the same, from the same request: optimizers, losses, what surrounds the steps. */
import { beforeAll, describe, expect, test } from 'vitest'
import { losses } from '../../src/nn/losses/index.ts'
import type { Given } from '../../src/nn/named.ts'
import type { Backend } from '../../src/tensorflow/backend.ts'
import type { TrainingState } from '../../src/training/checkpoint.ts'
import { type OpenEngine, openOnnx } from '../../src/training/engine.ts'
import { allclose } from '../support/allclose.ts'
import { compare, device, openTensorflow, settingsOf, type Training, train } from './compare.ts'

let backend: Backend
let open: OpenEngine
beforeAll(async () => {
  const opened = await openTensorflow()
  backend = opened.backend
  open = opened.open
})

const weightsOf = ({ weights }: TrainingState) => [...weights.values()].flatMap(({ data }) => [...data])

const classifier: Training = {
  shape: [4],
  layers: [
    { type: 'Dense', units: 6, activation: 'tanh', kernel_regularizer: { name: 'l1_l2', l1: 0.01, l2: 0.02 } },
    { type: 'Dense', units: 3, activation: 'softmax' },
  ],
  loss: 'sparse_categorical_crossentropy',
}
const regression: Training = {
  shape: [4],
  layers: [
    { type: 'Dense', units: 5, activation: 'elu' },
    { type: 'Dense', units: 2, activation: 'softplus' },
  ],
}
const on = (units: number, activation: string): Training => ({
  shape: [4],
  layers: [{ type: 'Dense', units, activation }],
})

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
    { name: 'adam', learning_rate: 0.02, amsgrad: true },
    { name: 'adamw', learning_rate: 0.02, weight_decay: 0.1 },
    { name: 'rmsprop', learning_rate: 0.01 },
    { name: 'rmsprop', learning_rate: 0.01, momentum: 0.5, centered: true, epsilon: 0.001 },
    { name: 'adagrad', learning_rate: 0.1 },
    { name: 'adamax', learning_rate: 0.02 },
    { name: 'adadelta', learning_rate: 1 },
    { name: 'sgd', learning_rate: 0.5, clipnorm: 0.1 },
    { name: 'sgd', learning_rate: 0.5, clipvalue: 0.02 },
    { name: 'adam', learning_rate: 0.1, global_clipnorm: 0.1 },
    { name: 'sgd', learning_rate: 0.1, weight_decay: 0.2 },
    { name: 'adam', learning_rate: 0.1, use_ema: true, ema_momentum: 0.6 },
    { name: 'sgd', learning_rate: 0.1, use_ema: true, ema_momentum: 0.6, ema_overwrite_frequency: 2 },
    { name: 'adam', learning_rate: 0.1, gradient_accumulation_steps: 2 },
    { name: 'sgd', learning_rate: 0.1, momentum: 0.8, gradient_accumulation_steps: 2, use_ema: true, clipnorm: 0.1 },
  ])('%j', (optimizer) => compare({ ...classifier, optimizer }, open))

  test.each([
    { name: 'exponential_decay', initial_learning_rate: 0.2, decay_steps: 2, decay_rate: 0.7 },
    { name: 'inverse_time_decay', initial_learning_rate: 0.2, decay_steps: 2, decay_rate: 0.7 },
    { name: 'piecewise_constant_decay', boundaries: [2, 4], values: [0.2, 0.1, 0.05] },
    { name: 'polynomial_decay', initial_learning_rate: 0.2, decay_steps: 5 },
    { name: 'cosine_decay', initial_learning_rate: 0.1, decay_steps: 3, warmup_target: 0.3, warmup_steps: 2 },
    { name: 'cosine_decay_restarts', initial_learning_rate: 0.2, first_decay_steps: 2 },
  ])('%j', (learning_rate) => compare({ ...classifier, optimizer: { name: 'sgd', learning_rate } }, open))

  test('a learning rate that falls where the loss stays', () => {
    const settings = settingsOf({ ...classifier, epochs: 4, validation: true })
    const plateau = {
      monitor: 'val_loss',
      mode: 'min',
      factor: 0.5,
      patience: 1,
      min_delta: 10,
      cooldown: 0,
      min_lr: 0,
    }
    return Promise.all(
      [open, openOnnx].map(async (engine) => {
        const { history } = await train({ ...settings, reduceLrOnPlateau: plateau as never }, engine)
        return history.map(({ learning_rate }) => learning_rate)
      }),
    ).then(([theirs, ours]) => {
      expect(theirs).toEqual(ours)
      expect(new Set(ours).size).toBeGreaterThan(1)
    })
  })

  const cases: readonly [string | { readonly name: string; readonly [argument: string]: unknown }, Training][] = [
    ['mean_squared_error', { ...regression, metrics: ['mae'], validation: true }],
    ['mean_absolute_error', regression],
    ['mean_absolute_percentage_error', regression],
    ['mean_squared_logarithmic_error', regression],
    ['huber', regression],
    [{ name: 'huber', delta: 0.3 }, regression],
    ['log_cosh', regression],
    ['poisson', regression],
    ['binary_crossentropy', on(2, 'sigmoid')],
    ['binary_crossentropy', { ...on(2, 'hard_sigmoid'), optimizer: { name: 'sgd', learning_rate: 0.001 } }],
    [
      { name: 'binary_crossentropy', from_logits: true, label_smoothing: 0.1 },
      { ...on(2, 'linear'), metrics: ['mse'] },
    ],
    ['categorical_crossentropy', on(3, 'softmax')],
    [{ name: 'categorical_crossentropy', label_smoothing: 0.2 }, on(3, 'sigmoid')],
    ['sparse_categorical_crossentropy', on(3, 'sigmoid')],
    ['sparse_categorical_crossentropy', { ...on(3, 'softmax'), metrics: ['accuracy'], validation: true }],
    [
      { name: 'sparse_categorical_crossentropy', from_logits: true },
      { ...on(3, 'linear'), metrics: ['accuracy'] },
    ],
    ['binary_focal_crossentropy', on(2, 'sigmoid')],
    [
      { name: 'binary_focal_crossentropy', apply_class_balancing: true, from_logits: true, gamma: 1.5 },
      on(2, 'linear'),
    ],
    ['categorical_focal_crossentropy', on(3, 'softmax')],
    [{ name: 'categorical_focal_crossentropy', alpha: 0.4, label_smoothing: 0.1 }, on(3, 'sigmoid')],
    ['kl_divergence', on(3, 'softmax')],
    ['hinge', on(2, 'tanh')],
    ['squared_hinge', on(2, 'tanh')],
    ['categorical_hinge', on(3, 'linear')],
    ['cosine_similarity', on(3, 'softmax')],
  ]
  test.each(cases)('%j', (loss, given) => compare({ ...given, loss: loss as Given }, open))

  test('every loss is in that table', () => {
    const named = cases.map(([loss]) => (typeof loss === 'string' ? loss : loss.name))
    expect([...new Set(named)].sort()).toEqual(Object.keys(losses).sort())
  })

  test('weighted rows', () => compare({ ...classifier, weights: true, validation: true }, open))

  test('a layer that is not trained, and its penalty', () =>
    compare(
      {
        ...regression,
        layers: [
          { type: 'Dense', units: 5, trainable: false, kernel_regularizer: 'l2' },
          { type: 'Dense', units: 1, bias_regularizer: 'l1' },
        ],
      },
      open,
    ))

  test.each<object>([
    { kernel_constraint: 'non_neg', bias_constraint: 'non_neg' },
    { kernel_constraint: { name: 'max_norm', max_value: 0.4 } },
    { kernel_constraint: { name: 'unit_norm', axis: [0, 1] } },
    { kernel_constraint: { name: 'min_max_norm', min_value: 0.8, max_value: 0.9, rate: 0.5 } },
    { activity_regularizer: 'l2', activation: 'tanh' },
  ])('%j', (given) =>
    compare({ shape: [4], layers: [{ type: 'Dense', units: 3, ...given }, ...regression.layers] }, open),
  )
})

test('a training that was stopped goes on from its state in either engine', async () => {
  const optimizer = { name: 'adam', learning_rate: 0.02, use_ema: true }
  const layers = [...classifier.layers.slice(0, 1), { type: 'Dropout', rate: 0.3 }, ...classifier.layers.slice(1)]
  const settings = settingsOf({ ...classifier, layers, optimizer, epochs: 4 })
  const whole = await train(settings, open)
  const controller = new AbortController()
  const stop = { signal: controller.signal, onRun: () => controller.abort() }
  const half = await train(settings, open, stop)
  expect(half.outcome).toBe('stopped')
  for (const engine of [open, openOnnx]) {
    const rest = await train(settings, engine, { resumeFrom: half.last })
    allclose(weightsOf(rest.last), weightsOf(whole.last), { relative: 1e-4, absolute: 2e-5 })
    expect(rest.history.at(-1)?.epoch).toBe(4)
  }
})

test('the same seed trains the same twice, another one does not', async () => {
  const settings = settingsOf({ shape: [4], layers: [{ type: 'Dropout', rate: 0.5 }, ...regression.layers] })
  const [first, again] = [await train(settings, open), await train(settings, open)]
  expect(weightsOf(again.last)).toEqual(weightsOf(first.last))
  const other = await train({ ...settings, seed: 5 }, open)
  expect(weightsOf(other.last)).not.toEqual(weightsOf(first.last))
})

test('a loss that is no number ends the training with its step', async () => {
  const settings = settingsOf({ ...regression, optimizer: { name: 'sgd', learning_rate: 1e30 }, epochs: 3 })
  await expect(train(settings, open)).rejects.toMatchObject({ code: 'loss_not_finite' })
})

test('a training leaves no tensors behind', async () => {
  const layers = [
    { type: 'Masking' },
    { type: 'Bidirectional', layer: { type: 'GRU', units: 2, return_sequences: true } },
    { type: 'BatchNormalization' },
    { type: 'TimeDistributed', layer: { type: 'Dense', units: 2 } },
    { type: 'Dropout', rate: 0.2 },
  ]
  const settings = settingsOf({ shape: [3, 2], layers, optimizer: { name: 'adam', use_ema: true, clipnorm: 1 } })
  await train(settings, open)
  const before = backend.tf.memory().numTensors
  await train({ ...settings, epochs: 4 }, open)
  expect(backend.tf.memory().numTensors).toBe(before)
})
