import { expect, test } from 'vitest'
import type { Given } from '../../../../src/nn/named.ts'
import { initialWeights } from '../../../../src/nn/weights.ts'
import { allclose } from '../../../support/allclose.ts'
import { modelOf, someNumbers } from '../../../support/check-layer.ts'
import { type OracleLayer, openOracle, tf } from '../../../support/oracle.ts'
import { trainSteps } from '../../../support/train-steps.ts'

/** TensorFlow.js' default is Keras 2's hard sigmoid, and it has no reset_after. */
const gated = { recurrent_activation: 'sigmoid' }
const head = { type: 'Dense', units: 1 }
const sequences = { return_sequences: true }

const chains: Readonly<Record<string, readonly OracleLayer[]>> = {
  SimpleRNN: [{ type: 'SimpleRNN', units: 3, ...sequences }, { type: 'SimpleRNN', units: 2 }, head],
  LSTM: [{ type: 'LSTM', units: 3, ...gated, ...sequences }, { type: 'LSTM', units: 2, ...gated }, head],
  GRU: [{ type: 'GRU', units: 3, reset_after: false, ...gated, go_backwards: true }, head],
  Masking: [{ type: 'Masking', mask_value: 0 }, { type: 'LSTM', units: 3, ...gated }, head],
  TimeDistributed: [
    { type: 'TimeDistributed', layer: { type: 'Dense', units: 3, activation: 'tanh' } },
    { type: 'SimpleRNN', units: 2 },
    head,
  ],
  Bidirectional: [
    { type: 'Bidirectional', layer: { type: 'LSTM', units: 2, ...gated, ...sequences }, merge_mode: 'concat' },
    { type: 'Bidirectional', layer: { type: 'GRU', units: 2, ...gated, reset_after: false }, merge_mode: 'sum' },
    head,
  ],
  Embedding: [{ type: 'Embedding', input_dim: 4, output_dim: 3 }, { type: 'LSTM', units: 2, ...gated }, head],
}

const [time, features] = [4, 2]

/** Numbers, the last step of every other sequence being zeros; or whole numbers for an embedding. */
function samples(name: string, rows: number, purpose: string) {
  const values = someNumbers(rows * time * features, purpose)
  const at = (row: number, step: number, feature: number) => values[(row * time + step) * features + feature] ?? 0
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: time }, (_, step) => {
      if (name === 'Embedding') return Math.floor((at(row, step, 0) + 1) * 2)
      return Array.from({ length: features }, (_, i) => (row % 2 === 0 && step === time - 1 ? 0 : at(row, step, i)))
    }),
  )
}

test.each(Object.entries(chains))(
  '%s: four steps from the same weights end where TensorFlow.js ends',
  async (name, layers) => {
    const inputShape = name === 'Embedding' ? [time] : [time, features]
    const model = modelOf(layers, inputShape)
    const start = initialWeights(model, 5)
    const batches = [4, 4, 4, 3].map((rows, i) => {
      const y = someNumbers(rows, `y ${i}`).map((value) => [value])
      return [samples(name, rows, `${name} ${i}`), y] as const
    })
    const sgd = { name: 'sgd', learning_rate: 0.1 } as Given
    const ours = await trainSteps(model, start, 'mean_squared_error', sgd, batches)
    const training = { optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' }
    const theirs = await openOracle(layers, inputShape, [...start.values()], training).train(batches)
    allclose(ours.losses, theirs.losses, { relative: 1e-4 })
    allclose([...ours.weights.values()].flat(), theirs.weights.flat(), { relative: 1e-4, absolute: 1e-5 })
    const first = [...start.values()].flatMap((values) => [...values])
    expect(theirs.weights.flat().some((value, i) => Math.abs(value - (first[i] ?? 0)) > 0.005)).toBe(true)
  },
)
