/** What steps gave, as the sequences that a run of the first engine gives. */

/** The numbers of one step; lists have one entry for each learned output. */
export interface StepResult {
  /** Penalties included. */
  readonly loss: number
  readonly losses: readonly number[]
  readonly penalty: number
  /** [batch, …units] */
  readonly predictions: readonly Float32Array[]
  /** 1 for each real step, else 0, [batch, time]; null where all are real. */
  readonly masks: readonly (Float32Array | null)[]
}

export interface RunResult {
  readonly losses: Float32Array
  readonly predictions: Float32Array
  /** Where several outputs are learned: the predictions of those after the first. */
  readonly otherPredictions?: readonly Float32Array[]
  /** Where several outputs are learned or steps are masked: the losses of each output, without weights and penalties. */
  readonly outputLosses?: readonly Float32Array[]
  /** Where steps are masked. */
  readonly masks?: readonly (Float32Array | null)[]
  readonly penalties?: Float32Array
}

/** The results of a run, one step after the other. */
export function sequencesOf(steps: readonly StepResult[], several: boolean): RunResult {
  const places = steps[0]?.predictions.map((_, place) => place) ?? []
  const [predictions = new Float32Array(), ...otherPredictions] = places.map((place) =>
    joined(steps.map((step) => step.predictions[place] as Float32Array)),
  )
  const numbers = (of: (step: StepResult) => number) => Float32Array.from(steps, of)
  const isMasked = steps[0]?.masks.some((mask) => mask !== null) ?? false
  return {
    losses: numbers(({ loss }) => loss),
    predictions,
    ...(several && { otherPredictions }),
    ...((several || isMasked) && { outputLosses: places.map((place) => numbers(({ losses }) => losses[place] ?? 0)) }),
    ...(isMasked && {
      masks: places.map((place) => joinedMask(steps.map((step) => step.masks[place] ?? null))),
      penalties: numbers(({ penalty }) => penalty),
    }),
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function joinedMask(parts: readonly (Float32Array | null)[]): Float32Array | null {
  const known = parts.filter((part) => part !== null)
  return known.length === parts.length ? joined(known) : null
}
