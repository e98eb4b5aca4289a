/** A classifier of texts of 100 words: the third of the three reference networks. */
import { adam, type Workload } from './workload.ts'

const vocabulary = 8000

export const bilstm: Workload = {
  network: 'bilstm',
  title: 'Embedding(8000, 64), bidirectional LSTM(64), Dense(64), Dense(1), 100 words, batch 32, adam',
  layers: [
    { type: 'Input', shape: [100] },
    { type: 'Embedding', input_dim: vocabulary, output_dim: 64 },
    { type: 'Bidirectional', layer: { type: 'LSTM', units: 64 } },
    { type: 'Dense', units: 64, activation: 'relu' },
    { type: 'Dense', units: 1, activation: 'sigmoid' },
  ],
  loss: 'binary_crossentropy',
  optimizer: adam,
  batch: 32,
  steps: 25,
  data: { kind: 'words', vocabulary },
}
