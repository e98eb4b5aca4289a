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
  readonly gradient: (number | null)[]
}

const cases = kerasFixture<LossCase[]>('loss-cases.json').map((each) => ({ ...each, told: JSON.stringify(each.loss) }))

test.each(cases)(
  "$told of $of gives Keras' loss of each sample, and the gradient of their mean",
  async ({ loss, y_true, y_pred, per_sample, gradient: expected }) => {
    const { perSample, gradient } = await runLoss(loss, y_true, y_pred)
    allclose(perSample, per_sample, { relative: 2e-5, absolute: 3e-6 })
    // at kinks, and where Keras' own gradient is not a number, ours is some number
    for (const slope of gradient) expect(slope).toSatisfy(Number.isFinite)
    const known = expected.map((slope, i) => slope ?? (gradient[i] as number))
    allclose(gradient, known, { relative: 1e-4, absolute: 1e-6 })
  },
)

test('every loss is compared with Keras', () => {
  const compared = new Set([...cases.map(({ loss }) => loss.name), ...Object.keys(kerasFixture<object>('losses.json'))])
  expect(Object.keys(losses).filter((name) => !compared.has(name))).toEqual([])
})
