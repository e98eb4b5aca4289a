import { expect, test } from 'vitest'
import { trainSmall } from '../support/train.ts'

test('a network of more than 64 small weights trains', async () => {
  const layers = Array.from({ length: 40 }, () => ({ type: 'Dense', units: 1, kernel_initializer: 'ones' }))
  const { history } = await trainSmall({
    ...{ layers, x: [[1], [2]], y: [2, 4], loss: 'mse', epochs: 2 },
    optimizer: { name: 'sgd', learning_rate: 0.0001 },
  })
  expect(history[0]?.loss).toBeCloseTo(2.5)
  expect(history[1]?.loss).toBeLessThan(2.5)
})

test('a network without a weight to train keeps those it has', async () => {
  const layers = [{ type: 'Dense', units: 1, kernel_initializer: 'ones', trainable: false }]
  const { history } = await trainSmall({
    ...{ layers, x: [[1], [2]], y: [2, 4], loss: 'mse', epochs: 2 },
    optimizer: { name: 'sgd', learning_rate: 1, global_clipnorm: 1 },
  })
  expect(history.map(({ loss }) => loss)).toEqual([2.5, 2.5])
})
