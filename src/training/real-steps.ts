/** Masked steps are padding: metrics see the real ones only, as answers of their own one after the other. */

/** What an output gave beside what is true. */
export interface Answers {
  /** As many numbers for each step, the steps of a row one after the other. */
  readonly yTrue: ArrayLike<number>
  readonly yPred: ArrayLike<number>
}

/**
 * The answers of the real steps.
 * @param mask 1 for each step that is real, else 0: [rows, time]
 */
export function realSteps({ yTrue, yPred }: Answers, mask: ArrayLike<number>): Answers {
  const steps = countReal(mask)
  if (steps === mask.length) return { yTrue, yPred }
  return { yTrue: keep(yTrue, mask, steps), yPred: keep(yPred, mask, steps) }
}

/** How many steps are real. */
export function countReal(mask: ArrayLike<number>): number {
  let steps = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) steps++
  return steps
}

function keep(values: ArrayLike<number>, mask: ArrayLike<number>, steps: number): Float32Array {
  const width = values.length / mask.length
  const kept = new Float32Array(steps * width)
  let next = 0
  for (let step = 0; step < mask.length; step++) {
    if (mask[step] === 0) continue
    for (let i = step * width; i < (step + 1) * width; i++) kept[next++] = values[i] as number
  }
  return kept
}
