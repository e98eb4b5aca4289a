/** A classifier of 784 numbers: two hidden layers of 64. */
import type { Optimizer, Workload } from './workload.ts'

export function mlp(batch: number, optimizer: Optimizer): Workload {
  return {
    network: 'mlp',
    title: `MLP 784-64-64-10, batch ${batch}, ${optimizer.name}`,
    layers: [
      { type: 'Input', shape: [784] },
      { type: 'Dense', units: 64, activation: 'relu' },
      { type: 'Dense', units: 64, activation: 'relu' },
      { type: 'Dense', units: 10, activation: 'softmax' },
    ],
    loss: 'sparse_categorical_crossentropy',
    optimizer,
    batch,
    steps: batch < 256 ? 250 : 50,
    data: { kind: 'classes', classes: 10 },
  }
}
