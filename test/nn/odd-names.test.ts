/** Names of layers are free texts: none of them may meet a name that the graphs of training or inference use. */
import { expect, test } from 'vitest'
import { trainSmall } from '../support/train.ts'

/** Two epochs with a hidden layer of this name; its start does not follow from its name. */
async function historyOf(name: string) {
  const seeded = { kernel_initializer: { name: 'glorot_uniform', seed: 5 } }
  const { history } = await trainSmall({
    layers: [
      { type: 'Dense', units: 3, activation: 'tanh', name, kernel_regularizer: 'l2', ...seeded },
      { type: 'Dense', units: 2, activation: 'softmax', name: `${name}/kernel`, ...seeded },
    ],
    x: [
      [1, 2],
      [3, -1],
      [0, 1],
      [2, 2],
      [-1, 0],
    ],
    y: [0, 1, 0, 1, 1],
    loss: 'sparse_categorical_crossentropy',
    optimizer: { name: 'adam', learning_rate: 0.1 },
    metrics: ['accuracy'],
    epochs: 2,
    batchSize: 2,
    validate: true,
  })
  return history.map(({ seconds: _, ...row }) => row)
}

const usual = await historyOf('hidden')

test.each([
  'loss',
  'x/y',
  'gradients',
  ...['x', 'y', 'order', 'keys', 'key', 'rows_now', 'y_now', 'inverse_batch', 'scalar/descent', 'group/0', 'weights/0'],
  ...['constant', 'dense_1', 'body', 'äöü 😀', '__proto__', 'constructor', ' ', '/', '"'],
])('C67: a network with a layer named %j trains as any other', async (name) => {
  expect(await historyOf(name)).toEqual(usual)
})

test('the network learns, so that equal histories say something', () => {
  expect(usual[1]?.loss).toBeLessThan(Number(usual[0]?.loss))
})
