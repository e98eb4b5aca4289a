/** A small convolutional classifier of 28x28 images. */
import { adam, type Workload } from './workload.ts'

const block = (filters: number) => [
  { type: 'Conv2D', filters, kernel_size: 3, padding: 'same', activation: 'relu' },
  { type: 'MaxPooling2D' },
]

export const cnn: Workload = {
  network: 'cnn',
  title: 'CNN 28x28, 16 and 32 filters, batch 32, adam',
  layers: [
    { type: 'Input', shape: [28, 28, 1] },
    ...[16, 32].flatMap(block),
    { type: 'Flatten' },
    { type: 'Dense', units: 10, activation: 'softmax' },
  ],
  loss: 'sparse_categorical_crossentropy',
  optimizer: adam,
  batch: 32,
  steps: 50,
  data: { kind: 'classes', classes: 10 },
}
