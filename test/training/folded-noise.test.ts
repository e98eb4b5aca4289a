import { expect, test } from 'vitest'
import { trainSmall } from '../support/train.ts'

test.each([
  { type: 'TimeDistributed', layer: { type: 'Dropout', rate: 0.5 } },
  { type: 'LSTM', units: 2, return_sequences: true, dropout: 0.4, recurrent_dropout: 0.4 },
  { type: 'Bidirectional', layer: { type: 'GRU', units: 1, return_sequences: true, dropout: 0.4 } },
])('%j trains, a short last batch as well', async (layer) => {
  const { history } = await trainSmall({
    layers: [{ type: 'Reshape', target_shape: [2, 2] }, layer, { type: 'Flatten' }, { type: 'Dense', units: 1 }],
    x: [0, 1, 2, 3, 4].map((row) => [row / 4, 1 - row / 4, row % 2, 0.5]),
    y: [0, 1, 2, 3, 4],
    loss: 'mean_squared_error',
    optimizer: { name: 'adam', learning_rate: 0.1 },
    batchSize: 2,
    epochs: 30,
  })
  expect(history.at(-1)?.loss).toBeLessThan(history[0]?.loss ?? 0)
})
