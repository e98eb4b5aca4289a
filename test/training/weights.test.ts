/** Rows that are weighted: the loss is the mean of weight · loss, divided by the rows and not by the weights (Keras). */
import { expect, test } from 'vitest'
import { evaluate, type FitSettings, startOf, fit as train } from '../../src/training/fit.ts'
import { allclose } from '../support/allclose.ts'
import { type SmallTraining, smallSettings, trainSmall } from '../support/train.ts'

const still = { name: 'sgd', learning_rate: 0 }
const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1]

/** Trains from the identity as kernel; a model needs something to learn. */
async function fromIdentity(settings: FitSettings) {
  const start = startOf(settings.model, settings.seed)
  const weights = new Map(
    [...start.weights].map(([name, { shape }]) => [name, { shape, data: Float32Array.from(identity) }]),
  )
  const losses: (number | null | undefined)[] = []
  await train(settings, {
    resumeFrom: { ...start, weights },
    onEpoch: (row) => void losses.push(row.loss, row.val_loss),
  })
  return { losses, tested: await evaluate(settings, weights, settings.train) }
}

/** Softmax of twice the identity, one row of each class. */
const threeClasses = {
  layers: [{ type: 'Dense', units: 3, activation: 'softmax', use_bias: false }],
  x: [
    [2, 0, 0],
    [0, 2, 0],
    [0, 0, 2],
  ],
  y: [0, 1, 2],
  ...{ loss: 'sparse_categorical_crossentropy', optimizer: still, validate: true },
}

test.each<[number[] | undefined, number]>([
  [undefined, 0.23954477],
  [[1, 2, 1], 0.31939302],
  [[1, 2, 5], 0.63878604],
])('C18: with the weights %j of the rows the loss is %d', async (weights, expected) => {
  const { losses, tested } = await fromIdentity(smallSettings({ ...threeClasses, ...(weights && { weights }) }))
  for (const loss of [...losses, tested.loss]) expect(loss).toBeCloseTo(expected, 6)
})

test.each([1, 2, 3])('the loss of an epoch is the same with batches of %i', async (batchSize) => {
  const { losses } = await fromIdentity(smallSettings({ ...threeClasses, weights: [1, 2, 5], batchSize }))
  expect(losses[0]).toBeCloseTo(0.63878604, 6)
})

const x = [
  [1, -0.5],
  [0.2, 2],
  [-1.5, 0.7],
]
const heads: Record<string, Pick<SmallTraining, 'layers' | 'y' | 'loss'>> = {
  'the gradient at the logits of classes': {
    layers: [{ type: 'Dense', units: 3, activation: 'softmax' }],
    ...{ y: [2, 0, 1], loss: 'sparse_categorical_crossentropy' },
  },
  'the gradient at the logit of yes and no': {
    layers: [{ type: 'Dense', units: 1, activation: 'sigmoid' }],
    ...{ y: [1, 0, 1], loss: 'binary_crossentropy' },
  },
  'the walk back from the loss': { layers: [{ type: 'Dense', units: 1 }], y: [2, 0.5, -1], loss: 'mse' },
}

test.each(Object.entries(heads))('%s: a weight of 2 is a row that comes twice', async (_, head) => {
  const doubled = { x: [...x, ...x.slice(0, 1)], y: [...head.y, ...head.y.slice(0, 1)] }
  const trained = async (given: Omit<SmallTraining, 'layers' | 'loss'>) => {
    const { history, result } = await trainSmall({ ...head, ...given, epochs: 3 })
    return {
      loss: history[2]?.loss as number,
      weights: [...result.last.weights.values()].flatMap(({ data }) => [...data]),
    }
  }
  // sums are divided by 3 rows here and by 4 there
  const weighted = await trained({ x, y: head.y, weights: [2, 1, 1], optimizer: { name: 'sgd', learning_rate: 0.3 } })
  const twice = await trained({ ...doubled, optimizer: { name: 'sgd', learning_rate: 0.4 } })
  allclose(weighted.weights, twice.weights, { relative: 1e-5, absolute: 1e-6 })
  expect(weighted.loss).toBeCloseTo((twice.loss * 4) / 3, 5)
})

test.each(Object.entries(heads))('%s: a row of weight 0 teaches nothing', async (_, head) => {
  const trained = async (weights: number[], y: readonly number[]) => {
    const { result } = await trainSmall({ ...head, x, y, weights, optimizer: { name: 'sgd', learning_rate: 0.3 } })
    return [...result.last.weights.values()].flatMap(({ data }) => [...data])
  }
  const other = head.y.map((value, row) => (row === 1 ? 1 - value : value))
  expect(await trained([1, 0, 2], head.y)).toEqual(await trained([1, 0, 2], other))
})

test('weights do not change the metrics', async () => {
  const given = {
    layers: [{ type: 'Dense', units: 1 }],
    x,
    y: [2, 0.5, -1],
    loss: 'mse',
    metrics: ['mse'],
    optimizer: still,
  }
  const { history } = await trainSmall({ ...given, weights: [3, 0, 1], validate: true })
  const { history: plain } = await trainSmall({ ...given, validate: true })
  expect([history[0]?.mse, history[0]?.val_mse]).toEqual([plain[0]?.mse, plain[0]?.val_mse])
  expect(history[0]?.loss).not.toBeCloseTo(plain[0]?.loss as number, 3)
})
