/** The classifier of 480x680 photographs with 167,141,409 parameters: the second of the three reference networks. */
import type { Workload } from './workload.ts'

const block = (filters: number) => [
  { type: 'Conv2D', filters, kernel_size: 3, padding: 'same', activation: 'relu' },
  { type: 'MaxPooling2D' },
]

export const bigcnn: Workload = {
  network: 'bigcnn',
  title: 'CNN 480x680x3, 167,141,409 parameters, batch 4, sgd',
  layers: [
    { type: 'Input', shape: [480, 680, 3] },
    ...[16, 32, 64].flatMap(block),
    { type: 'Flatten' },
    { type: 'Dense', units: 512, activation: 'relu' },
    { type: 'Dense', units: 1, activation: 'sigmoid' },
  ],
  loss: 'binary_crossentropy',
  optimizer: { name: 'sgd', learning_rate: 0.001 },
  batch: 4,
  steps: 5,
  data: { kind: 'halves' },
  alone: true,
}
