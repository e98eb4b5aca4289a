/** Constraints and noise in real trainings. */
import { describe, expect, test } from 'vitest'
import { initialWeights } from '../../src/nn/weights.ts'
import { allclose } from '../support/allclose.ts'
import { someNumbers } from '../support/check-layer.ts'
import { type SmallTraining, smallSettings, trainSmall } from '../support/train.ts'

const rows = 8
const samples = (width: number) => Array.from({ length: rows }, (_, row) => someNumbers(width, `row ${row}`))

function small(layers: readonly object[], width: number, epochs = 1): SmallTraining {
  const y = someNumbers(rows, 'y')
  return {
    layers,
    x: samples(width),
    y,
    loss: 'mean_squared_error',
    optimizer: { name: 'sgd', learning_rate: 0.5 },
    epochs,
  }
}

async function trainedWeights(given: SmallTraining): Promise<(name: string) => number[]> {
  const { weights } = (await trainSmall(given)).result.last
  return (name) => [...(weights.get(name)?.data ?? [])]
}

describe('a constraint', () => {
  const hidden = { type: 'Dense', name: 'a', units: 3, activation: 'tanh' }
  const output = { type: 'Dense', name: 'b', units: 1 }

  test('moves each weight after the update, and only its own', async () => {
    const constraint = { kernel_constraint: { name: 'max_norm', max_value: 0.4 }, bias_constraint: 'non_neg' }
    const free = await trainedWeights(small([hidden, output], 2))
    const held = await trainedWeights(small([{ ...hidden, ...constraint }, output], 2))
    const kernel = free('a/kernel')
    const norms = [0, 1, 2].map((unit) => Math.hypot(kernel[unit] ?? 0, kernel[unit + 3] ?? 0))
    expect(Math.max(...norms)).toBeGreaterThan(0.4)
    allclose(
      held('a/kernel'),
      kernel.map((value, i) => (value * Math.min(norms[i % 3] ?? 0, 0.4)) / (1e-7 + (norms[i % 3] ?? 0))),
      { relative: 1e-5 },
    )
    allclose(
      held('a/bias'),
      free('a/bias').map((value) => Math.max(value, 0)),
    )
    expect(held('b/kernel')).toEqual(free('b/kernel'))
  })

  test('holds after many steps with adam', async () => {
    const layers = [
      { ...hidden, kernel_constraint: 'unit_norm' },
      { ...output, kernel_constraint: 'non_neg' },
    ]
    const weights = await trainedWeights({ ...small(layers, 2, 20), optimizer: { name: 'adam', learning_rate: 0.1 } })
    const kernel = weights('a/kernel')
    for (const unit of [0, 1, 2]) expect(Math.hypot(kernel[unit] ?? 0, kernel[unit + 3] ?? 0)).toBeCloseTo(1, 5)
    expect(Math.min(...weights('b/kernel'))).toBeGreaterThanOrEqual(0)
  })

  test('leaves weights that are not trained as they are', async () => {
    const frozen = { ...hidden, kernel_constraint: 'unit_norm', trainable: false }
    const given = small([frozen, output], 2)
    const weights = await trainedWeights(given)
    const start = initialWeights(smallSettings(given).model, 1).get('a/kernel') ?? []
    expect(weights('a/kernel')).toEqual([...start])
  })
})

const output = [{ type: 'Flatten' }, { type: 'Dense', units: 1 }]
const sequence = { type: 'Reshape', target_shape: [3, 2] }

test.each([
  [[{ type: 'GaussianNoise', stddev: 0.1 }]],
  [[{ type: 'GaussianDropout', rate: 0.1 }]],
  [[{ type: 'AlphaDropout', rate: 0.1 }]],
  [[sequence, { type: 'SpatialDropout1D', rate: 0.1 }]],
  [[sequence, { type: 'MultiHeadAttention', num_heads: 2, key_dim: 3, dropout: 0.1, use_causal_mask: true }]],
  [[sequence, { type: 'PReLU', shared_axes: [1] }, { type: 'Permute', dims: [2, 1] }]],
])('%j trains: the loss falls, the same for the same seed', async (layers) => {
  const given = { ...small([...layers, ...output], 6, 30), optimizer: { name: 'adam', learning_rate: 0.02 } }
  const [first, second] = [await trainSmall(given), await trainSmall(given)]
  const losses = first.history.map(({ loss }) => loss as number)
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  expect(mean(losses.slice(-5))).toBeLessThan(0.8 * mean(losses.slice(0, 5)))
  expect(second.history.map(({ loss }) => loss)).toEqual(losses)
})
