import { expect, test } from 'vitest'
import { initialWeights } from '../../src/nn/weights.ts'
import { modelOf } from '../support/check-layer.ts'

const first = { type: 'Dense', units: 5, name: 'first' }
const last = { type: 'Dense', units: 2, name: 'last' }

test('the same seed gives the same weights', () => {
  const model = modelOf([first, last], [4])
  expect(initialWeights(model, 3)).toEqual(initialWeights(model, 3))
})

test('another seed gives other weights', () => {
  const model = modelOf([first], [4])
  expect(initialWeights(model, 3).get('first/kernel')).not.toEqual(initialWeights(model, 4).get('first/kernel'))
})

test('a layer more does not change the weights of the others', () => {
  const small = initialWeights(modelOf([first, last], [4]), 3)
  const large = initialWeights(modelOf([first, { type: 'Dense', units: 5 }, last], [4]), 3)
  for (const name of ['first/kernel', 'last/kernel']) expect(large.get(name)).toEqual(small.get(name))
})

test('two layers of one shape start from different weights', () => {
  const weights = initialWeights(modelOf([first, { ...first, name: 'second' }], [5]), 3)
  expect(weights.get('first/kernel')).not.toEqual(weights.get('second/kernel'))
})

test("an initializer's own seed stands above the training's", () => {
  const seeded = { ...first, kernel_initializer: { name: 'random_normal', seed: 9 } }
  const of = (seed: number) => initialWeights(modelOf([seeded], [4]), seed).get('first/kernel')
  expect(of(1)).toEqual(of(2))
})

test('biases start at zero unless told otherwise', () => {
  const model = modelOf([first, { ...last, bias_initializer: { name: 'constant', value: 0.25 } }], [4])
  const weights = initialWeights(model, 1)
  expect([...(weights.get('first/bias') ?? [])]).toEqual([0, 0, 0, 0, 0])
  expect([...(weights.get('last/bias') ?? [])]).toEqual([0.25, 0.25])
})
