/**
 * The losses of an epoch, or of a part of the data, as exact means over what was seen: over its rows, and where steps of an
 * output are masked over its real steps. Keras 3 is exact for one batch only: its epochs and evaluations are the means of
 * their batches weighted by rows, so that a step of a batch with much padding counts for more there.
 */
import type { EpochSums } from './checkpoint.ts'
import { countReal } from './real-steps.ts'
import type { RunResult } from './results.ts'

/** Sums over what was seen. */
export type LossSums = Pick<EpochSums, 'loss' | 'rows' | 'outputLosses' | 'steps' | 'penalties'>

export const noLosses: LossSums = { loss: 0, rows: 0 }

/** The sums with those of a run of batches. */
export function addRun(sums: LossSums, batch: number, result: RunResult): LossSums {
  const { losses, outputLosses, masks, penalties } = result
  const total = weightedSum(losses, () => batch)
  const own = outputLosses?.map((of, i) => {
    const weights = stepsOf(masks?.[i] ?? null, of.length, batch)
    return { loss: weightedSum(of, (step) => weights[step] as number), steps: weightedSum(weights, () => 1) }
  })
  return {
    loss: sums.loss + total,
    rows: sums.rows + losses.length * batch,
    ...(own && { outputLosses: own.map(({ loss }, i) => (sums.outputLosses?.[i] ?? 0) + loss) }),
    ...(own && masks && { steps: own.map(({ steps }, i) => (sums.steps?.[i] ?? 0) + steps) }),
    ...(masks && { penalties: (sums.penalties ?? 0) + weightedSum(penalties ?? new Float32Array(), () => batch) }),
  }
}

/** What each batch of an output counts: its rows, or its real steps. */
function stepsOf(mask: Float32Array | null, batches: number, rows: number): number[] {
  const size = (mask?.length ?? 0) / batches
  return Array.from({ length: batches }, (_, i) => {
    return mask ? countReal(mask.subarray(i * size, (i + 1) * size)) : rows
  })
}

function weightedSum(values: ArrayLike<number>, weightOf: (i: number) => number): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * weightOf(i)
  return sum
}

/**
 * The total, penalties included, and the loss of each output, where those are told apart. An output without a real step has
 * the loss 0, as in Keras.
 */
export function meansOf(sums: LossSums, lossWeights: readonly number[]): { loss: number; outputLosses: number[] } {
  const { loss, rows, outputLosses = [], steps, penalties = 0 } = sums
  const own = outputLosses.map((of, i) => {
    const count = steps?.[i] ?? rows
    return count === 0 ? 0 : of / count
  })
  if (!steps) return { loss: loss / rows, outputLosses: own }
  const shares = own.map((of, i) => of * (lossWeights[i] ?? 1))
  return { loss: shares.reduce((sum, share) => sum + share, penalties / rows), outputLosses: own }
}
