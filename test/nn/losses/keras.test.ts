import { test } from 'vitest'
import { allclose } from '../../support/allclose.ts'
import { kerasFixture, type Nested } from '../../support/keras.ts'
import { runLoss } from '../../support/loss.ts'

const vectors = kerasFixture<Record<string, Nested>>('losses.json')
const vector = (name: string) => vectors[name] as Nested

test.each([
  ['mean_squared_error', 'numbers', 'logits'],
  ['mean_absolute_error', 'numbers', 'logits'],
  ['binary_crossentropy', 'labels', 'sigmoid'],
  ['categorical_crossentropy', 'one_hot', 'softmax'],
  ['sparse_categorical_crossentropy', 'indices', 'softmax'],
])("%s gives Keras' loss of each sample", async (name, yTrue, yPred) => {
  const { perSample } = await runLoss(name, vector(yTrue), vector(yPred))
  allclose(perSample, vector(name) as number[], { relative: 1e-5, absolute: 2e-6 })
})

test.each([
  ['binary_crossentropy', 'labels'],
  ['categorical_crossentropy', 'one_hot'],
  ['sparse_categorical_crossentropy', 'indices'],
])("%s from logits gives Keras' loss, inside and by from_logits", async (name, yTrue) => {
  const expected = vector(`${name}_logits`) as number[]
  const inside = await runLoss(name, vector(yTrue), vector('logits'), 'logits')
  allclose(inside.perSample, expected, { relative: 1e-5, absolute: 1e-6 })
  const told = { name, from_logits: true }
  const asked = await runLoss(told, vector(yTrue), vector('logits'))
  allclose(asked.perSample, expected, { relative: 1e-5, absolute: 1e-6 })
})

test.each([
  ['categorical_crossentropy', [[0, 1]]],
  ['sparse_categorical_crossentropy', [1]],
])('%s divides probabilities by their sum', async (name, yTrue) => {
  const { perSample } = await runLoss(name, yTrue, [[0.2, 0.2]])
  allclose(perSample, [Math.LN2], { relative: 1e-6 })
})
