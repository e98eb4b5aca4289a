/** Sequences of words for the recurrent benchmark: an odd share of the words tells the label, so that there is something to learn. */
import { createRandom, deriveKey } from '../src/random.ts'
import type { Task } from './task.ts'

/** The widths of a recurrent task: vocabulary, embedding, units of each direction, hidden layer; and the steps. */
export function sizesOf({ widths }: Task) {
  const [vocabulary = 8000, features = 64, units = 64, hidden = 64, length = 100] = widths
  return { vocabulary, features, units, hidden, length }
}

/** `ids` [samples, length], whole numbers below the vocabulary; `labels` [samples], 0 or 1. */
export function sequences(task: Task): { ids: Int32Array; labels: Float32Array } {
  const { vocabulary, length } = sizesOf(task)
  const random = createRandom(deriveKey('bench', 'sequences'))
  const labels = Float32Array.from({ length: task.samples }, (_, row) => row % 2)
  const ids = Int32Array.from({ length: task.samples * length }, (_, i) => {
    const label = labels[Math.floor(i / length)] ?? 0
    const parity = random.uniform() < 0.2 ? label : Math.floor(2 * random.uniform())
    return 2 * Math.floor((random.uniform() * vocabulary) / 2) + parity
  })
  return { ids, labels }
}
