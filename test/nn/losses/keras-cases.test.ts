/** Losses with their arguments against Keras (test/fixtures/keras/make_losses.py). */
import { expect, test } from 'vitest'
import { losses } from '../../../src/nn/losses/index.ts'
import type { NamedConfig } from '../../../src/nn/named.ts'
import { allclose } from '../../support/allclose.ts'
import { kerasFixture, type Nested } from '../../support/keras.ts'
import { runLoss } from '../../support/loss.ts'

interface LossCase {
  readonly loss: NamedConfig
  readonly y_true: Nested
  readonly y_pred: Nested
  readonly of: string
  readonly per_sample: number[]
}

const cases = kerasFixture<LossCase[]>('loss-cases.json').map((each) => ({ ...each, told: JSON.stringify(each.loss) }))

test.each(cases)("$told of $of gives Keras' loss of each sample", async ({ loss, y_true, y_pred, per_sample }) => {
  const { perSample, gradient } = await runLoss(loss, y_true, y_pred)
  allclose(perSample, per_sample, { relative: 2e-5, absolute: 3e-6 })
  for (const slope of gradient) expect(slope).toSatisfy(Number.isFinite)
})

test('every loss is compared with Keras', () => {
  const compared = new Set([...cases.map(({ loss }) => loss.name), ...Object.keys(kerasFixture<object>('losses.json'))])
  expect(Object.keys(losses).filter((name) => !compared.has(name))).toEqual([])
})
