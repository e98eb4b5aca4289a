import { describe, expect, test } from 'vitest'
import { initialWeights } from '../../src/nn/weights.ts'
import { allclose } from '../support/allclose.ts'
import { modelOf, runModel, someNumbers } from '../support/check-layer.ts'
import { numbers } from '../support/graph.ts'

const line = new Map([
  ['dense/kernel', [2]],
  ['dense/bias', [3]],
])

describe('C35: penalties of Dense(1, kernel 2, bias 3) on x = 1, 1, 1', () => {
  test.each([
    [{ kernel_regularizer: { name: 'l2', l2: 0.1 } }, 0.4],
    [{ kernel_regularizer: { name: 'l1', l1: 0.1 } }, 0.2],
    [{ bias_regularizer: { name: 'l1_l2', l1: 0.1, l2: 0.01 } }, 0.39],
    [{ activity_regularizer: { name: 'l2', l2: 0.1 } }, 2.5],
  ])('%j is %d, in training and in validation', async (regularizer, penalty) => {
    const model = modelOf([{ type: 'Dense', units: 1, ...regularizer }], [1])
    for (const training of [true, false]) {
      const { penalties } = await runModel(model, [1, 1, 1], line, { training })
      allclose(penalties, [penalty], { relative: 1e-6 })
    }
  })

  test('a frozen layer has none for its weights, as in Keras', async () => {
    const model = modelOf([{ type: 'Dense', units: 1, kernel_regularizer: 'l2', trainable: false }], [1])
    expect((await runModel(model, [1], line)).penalties).toEqual([])
  })
})

describe('Dropout', () => {
  const half = modelOf([{ type: 'Dropout', rate: 0.5 }], [4])

  test('leaves everything as it is in inference mode', async () => {
    const { y } = await runModel(half, [1, 2, 3, 4], new Map(), { draws: [0, 0, 0, 0] })
    expect(numbers(y)).toEqual([1, 2, 3, 4])
  })

  test('drops what is drawn below the rate and scales the rest', async () => {
    const draws = [0.1, 0.49999, 0.5, 0.9]
    const { y } = await runModel(half, [1, 2, 3, 4], new Map(), { training: true, draws })
    expect(numbers(y)).toEqual([0, 0, 6, 8])
  })

  test('with rate 1 gives zeros, not NaN', async () => {
    const model = modelOf([{ type: 'Dropout', rate: 1 }], [2])
    const { y } = await runModel(model, [1, 2], new Map(), { training: true, draws: [0, 0.999] })
    expect(numbers(y)).toEqual([0, 0])
  })

  test('with rate 0 asks for no numbers', async () => {
    const { y } = await runModel(modelOf([{ type: 'Dropout', rate: 0 }], [2]), [1, 2], new Map(), { training: true })
    expect(numbers(y)).toEqual([1, 2])
  })

  test('drops whole steps where noise_shape shares an axis', async () => {
    const model = modelOf([{ type: 'Dropout', rate: 0.5, noise_shape: [null, 2, 1] }], [2, 3])
    const { y } = await runModel(model, [1, 2, 3, 4, 5, 6], new Map(), { training: true, draws: [0.2, 0.7] })
    expect(numbers(y)).toEqual([0, 0, 0, 8, 10, 12])
  })
})

describe('logits', () => {
  const kernel = new Map([['dense/kernel', [1, 0, 0, 1]]])
  const dense = { type: 'Dense', units: 2, use_bias: false }

  test.each([
    [[{ ...dense, activation: 'softmax' }]],
    [[{ ...dense, activation: 'sigmoid' }]],
    [[dense, { type: 'Activation', activation: 'softmax' }]],
  ])('are what the last activation of %j was applied to', async (layers) => {
    const { logits } = await runModel(modelOf(layers, [2]), [3, -4], kernel)
    expect(logits && numbers(logits)).toEqual([3, -4])
  })

  test.each([[[dense]], [[{ ...dense, activation: 'tanh' }]], [[{ ...dense, activation: 'hard_sigmoid' }]]])(
    '%j has none',
    async (layers) => {
      expect((await runModel(modelOf(layers, [2]), [3, -4], kernel)).logits).toBeUndefined()
    },
  )
})

test.each(['loss', 'x/y', 'gradients', 'x', 'out', 'constant', 'dense_1_y', 'äöü 😀', '__proto__', ' '])(
  'C67: a layer may be named %j',
  async (name) => {
    const named = modelOf(
      [
        { type: 'Dense', units: 3, name },
        { type: 'Dense', units: 2, activation: 'softmax' },
      ],
      [2],
    )
    const plain = modelOf(
      [
        { type: 'Dense', units: 3 },
        { type: 'Dense', units: 2, activation: 'softmax' },
      ],
      [2],
    )
    const start = [...initialWeights(plain, 1).values()]
    const weightsFor = ({ weights }: typeof named) => new Map(weights.map((weight, i) => [weight.name, start[i] ?? []]))
    const x = someNumbers(4, 'x')
    const first = await runModel(named, x, weightsFor(named))
    const second = await runModel(plain, x, weightsFor(plain))
    expect(numbers(first.y)).toEqual(numbers(second.y))
  },
)
