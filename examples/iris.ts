/** The task of the demo and of the benchmark over HTTP: 150 irises, four measurements each, three species. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The measurements as a CSV file (R. A. Fisher, 1936). */
export async function irisCsv(): Promise<Uint8Array<ArrayBuffer>> {
  const here = import.meta.dirname
  const folder = here.includes(join('dist', 'examples')) ? join(here, '../../examples') : here
  return Uint8Array.from(await readFile(join(folder, 'iris.csv')))
}

/** 4 → 16 → 3, the width of the input left to the data. */
export const irisNetwork = {
  layers: [
    { type: 'Dense', units: 16, activation: 'relu' },
    { type: 'Dense', units: 3, activation: 'softmax' },
  ],
}

/** A training of `epochs` epochs whose split, order and weights are the same every time. */
export function irisTraining(dataset: string, epochs: number) {
  return {
    dataset,
    target: 'species',
    split: { train: 0.6, validation: 0.2, test: 0.2 },
    optimizer: { name: 'adam', learning_rate: 0.005 },
    metrics: ['accuracy'],
    epochs,
    batch_size: 16,
    seed: 42,
  }
}

/** A flower as it was measured: a setosa. */
export const irisFlower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }
