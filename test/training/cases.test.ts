/** Cases of ../shared/cases that show in a whole training: C14, C24, C26, C35, and a loss that is no longer a number. */
import { expect, test } from 'vitest'
import { lossOf } from '../../src/nn/losses/index.ts'
import type { HistoryRow } from '../../src/training/fit.ts'
import { targetForm } from '../../src/training/model-graph.ts'
import { buildTrainingProgram } from '../../src/training/program.ts'
import { type SmallTraining, smallSettings, trainSmall } from '../support/train.ts'

const still = { name: 'sgd', learning_rate: 0 }
const ones = { name: 'ones' }

test.each([1, 2, 3, 4, 5])('C24: loss and metrics are exact with batches of %i', async (batchSize) => {
  const { history } = await trainSmall({
    layers: [{ type: 'Dense', units: 1, kernel_initializer: ones }],
    ...{ x: [[3], [3], [3], [3], [1]], y: [0, 0, 0, 0, 0], batchSize, validate: true },
    ...{ loss: 'mse', metrics: ['mse', 'mae'], optimizer: still },
  })
  const { loss, mse, mae, val_loss, val_mse, val_mae } = history[0] as HistoryRow
  for (const value of [loss, mse, val_loss, val_mse]) expect(value).toBeCloseTo(7.4, 5)
  for (const value of [mae, val_mae]) expect(value).toBeCloseTo(2.6, 5)
})

test.each<[string, object, number]>([
  ['l2 on the kernel', { kernel_regularizer: { name: 'l2', l2: 0.1 } }, 1.4],
  ['l1 on the kernel', { kernel_regularizer: { name: 'l1', l1: 0.1 } }, 1.2],
  ['l1l2 on the bias', { bias_regularizer: { name: 'l1_l2', l1: 0.1, l2: 0.01 } }, 1.39],
  ['l2 on the activity', { activity_regularizer: { name: 'l2', l2: 0.1 } }, 3.5],
])('C35: %s is in loss and val_loss, not in the metric', async (_, regularizer, expected) => {
  const constant = (value: number) => ({ name: 'constant', value })
  const layer = { type: 'Dense', units: 1, kernel_initializer: constant(2), bias_initializer: constant(3) }
  const { history } = await trainSmall({
    layers: [{ ...layer, ...regularizer }],
    ...{ x: [[1], [1], [1]], y: [4, 4, 4], batchSize: 2, validate: true },
    ...{ loss: 'mse', metrics: ['mse'], optimizer: still },
  })
  const { loss, mse, val_loss, val_mse } = history[0] as HistoryRow
  for (const value of [loss, val_loss]) expect(value).toBeCloseTo(expected, 5)
  for (const value of [mse, val_mse]) expect(value).toBeCloseTo(1, 5)
})

test('C14: a softmax output far from the truth has the loss of its logits', async () => {
  const kernel = { name: 'constant', value: 1 }
  const { history } = await trainSmall({
    layers: [{ type: 'Dense', units: 3, activation: 'softmax', use_bias: false, kernel_initializer: kernel }],
    ...{ x: [[5]], y: [2], loss: 'sparse_categorical_crossentropy', optimizer: still, validate: true },
  })
  expect(history[0]?.loss).toBeCloseTo(Math.log(3), 5)
  expect(history[0]?.val_loss).toBeCloseTo(Math.log(3), 5)
})

test('C26: Adam moves small gradients as Keras does', async () => {
  const x = [
    [1e-7, 0.1],
    [1e-7, 0.001],
    [1e-7, 0.001],
  ]
  const moved: number[][] = []
  await trainSmall(
    {
      layers: [{ type: 'Dense', units: 1, use_bias: false, kernel_initializer: ones }],
      ...{ x, y: [-1000, -1000, -1000], batchSize: 1, epochs: 1 },
      ...{ loss: 'mean_absolute_error', optimizer: { name: 'adam', learning_rate: 0.1 } },
    },
    { onRun: ({ state }) => void moved.push(Array.from(state().weights.get('dense/kernel')?.data ?? [])) },
  )
  const [w1, w2] = moved.at(-1) ?? []
  expect((w1 as number) / 0.98746473).toBeCloseTo(1, 4)
  expect((w2 as number) / 0.77925616).toBeCloseTo(1, 4)
})

test('a loss that is no longer a number ends the training with the step and the advice', async () => {
  const explosion: SmallTraining = {
    layers: [{ type: 'Dense', units: 1 }],
    ...{ x: [[1e18], [1e18], [1], [2]], y: [1, 2, 3, 4], batchSize: 2, epochs: 5 },
    ...{ loss: 'mse', optimizer: { name: 'sgd', learning_rate: 1 } },
  }
  await expect(trainSmall(explosion)).rejects.toMatchObject({
    code: 'loss_not_finite',
    detail: expect.stringMatching(/at step \d.*learning_rate/),
  })
})

test('frozen layers keep their weights while the others learn', async () => {
  const { result } = await trainSmall({
    layers: [
      { type: 'Dense', units: 2, name: 'fixed', trainable: false, kernel_initializer: ones },
      { type: 'Dense', units: 1, name: 'head', kernel_initializer: ones },
    ],
    ...{ x: [[1], [2], [3]], y: [0, 0, 0], epochs: 3, loss: 'mse', optimizer: { name: 'adam', learning_rate: 0.1 } },
  })
  expect(Array.from(result.last.weights.get('fixed/kernel')?.data ?? [])).toEqual([1, 1])
  expect(Array.from(result.last.weights.get('head/kernel')?.data ?? [])[0]).toBeLessThan(0.9)
})

test('compiling twice gives the same bytes', () => {
  const { model, loss, optimizer } = smallSettings({
    layers: [
      { type: 'Dense', units: 8, activation: 'relu' },
      { type: 'Dropout', rate: 0.5 },
      { type: 'Dense', units: 1 },
    ],
    ...{ x: [[1, 2]], y: [1], loss: 'mse', optimizer: { name: 'rmsprop' } },
  })
  const target = targetForm(lossOf(loss).targetKind, [1])
  const build = () => buildTrainingProgram({ model, loss, optimizer, target, withPredictions: true }).bytes
  expect(Buffer.from(build())).toEqual(Buffer.from(build()))
})
