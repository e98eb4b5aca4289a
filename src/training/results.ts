/** What a run of a training program gives beside the state: its outputs in their order, by what they are. */
import type { Tensor } from '../onnx/tensor.ts'

/** Of one output of the model: its place stands behind the colon. */
type OfOutput = 'losses' | 'predictions' | 'mask'

/** `losses` [steps] and `penalties` [steps] are of the step; `losses:0` [steps], `predictions:0` [steps, batch, …units] and
 * `mask:0` [steps, batch, time] of an output. */
export type ResultName = 'losses' | 'penalties' | `${OfOutput}:${number}`

export interface RunResult {
  /** The loss of each step, penalties included. */
  readonly losses: Float32Array
  /** [steps, batch, …units], where the program gives them. */
  readonly predictions: Float32Array | null
  /** Where several outputs are learned: the predictions of those after the first. */
  readonly otherPredictions?: readonly Float32Array[]
  /** Where several outputs are learned or steps are masked: the losses of each output, without weights and penalties. */
  readonly outputLosses?: readonly Float32Array[]
  /** Where steps are masked: 1 for each real step of each output, else 0, [steps, batch, time]; null where all are real. */
  readonly masks?: readonly (Float32Array | null)[]
  /** Where steps are masked and something is regularized: what that is in the loss of each step. */
  readonly penalties?: Float32Array
}

/** The results of a run, from the tensors that left the program. */
export function resultOf(names: readonly ResultName[], tensors: readonly Tensor[], outputs: number): RunResult {
  const found = new Map(names.map((name, i) => [name, tensors[i]?.data as Float32Array]))
  const ofEach = (what: OfOutput) => Array.from({ length: outputs }, (_, i) => found.get(`${what}:${i}`) ?? null)
  const isThere = (data: Float32Array | null) => data !== null
  const [predictions = null, ...others] = ofEach('predictions')
  const [losses, masks, penalties] = [ofEach('losses'), ofEach('mask'), found.get('penalties')]
  return {
    losses: found.get('losses') ?? new Float32Array(),
    predictions,
    ...(others.some(isThere) && { otherPredictions: others.filter(isThere) }),
    ...(losses.some(isThere) && { outputLosses: losses.filter(isThere) }),
    ...(masks.some(isThere) && { masks }),
    ...(penalties && { penalties }),
  }
}
