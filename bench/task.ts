/** The work that every peer does: a classifier trained with Adam on synthetic data, and how a peer is asked for it. */
import { createRandom, deriveKey } from '../src/random.ts'

export interface Task {
  /** Widths of the layers, the input first: `[784, 64, 64, 10]`. Hidden layers are ReLU, the last is softmax. */
  readonly widths: readonly number[]
  readonly batch: number
  /** Rows of the data set; one epoch takes each row once, in a new order. */
  readonly samples: number
  readonly threads: number
  /** A round trains for at least this many seconds, at least one epoch or 20 steps. */
  readonly roundSeconds: number
}

/** What a round of a peer took. */
export interface Round {
  readonly steps: number
  readonly seconds: number
  /** Mean loss of the round's last steps: a peer whose loss does not fall does not train. */
  readonly loss: number
}

/** Learning rate of Adam; the other settings are Keras' defaults (0.9, 0.999, 1e-7). */
export const learningRate = 0.001

export interface SyntheticData {
  /** [samples, widths[0]] */
  readonly x: Float32Array
  /** Class of each row. */
  readonly labels: Int32Array
}

/** Rows of small uniform numbers; the class is the greatest of the row's first numbers, so that there is something to learn. */
export function syntheticData({ widths, samples }: Task): SyntheticData {
  const features = widths[0] as number
  const classes = widths.at(-1) as number
  const random = createRandom(deriveKey('bench', 'data'))
  const x = Float32Array.from({ length: samples * features }, () => (random.uniform() - 0.5) * 2)
  const labels = Int32Array.from({ length: samples }, (_, row) => {
    const first = x.subarray(row * features, row * features + classes)
    return first.indexOf(Math.max(...first))
  })
  return { x, labels }
}
