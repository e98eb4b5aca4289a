/** What a step minimizes: the mean loss of each output times its weight, and the penalties; masked steps as in Keras 3. */
import type * as Tf from '@tensorflow/tfjs'
import { lossOf } from '../nn/losses/index.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import { activate } from './activations.ts'
import type { TensorFlow } from './backend.ts'
import type { Mask } from './layers/layer.ts'
import { lossPerSample } from './losses.ts'
import type { CalledNetwork } from './network.ts'

export interface LearnedOutput {
  readonly loss: NamedConfig
  readonly lossWeight: number
}

export interface Objective {
  readonly total: Tf.Scalar
  /** The mean loss of each output, without its weight. */
  readonly losses: readonly Tf.Tensor[]
  readonly penalty: Tf.Tensor
  /** The outputs as metrics read them: logits (`from_logits`) become probabilities. */
  readonly predictions: readonly Tf.Tensor[]
  readonly masks: readonly Mask[]
}

export interface Truths {
  readonly targets: readonly Tf.Tensor[]
  /** What the loss of each row is multiplied by, [batch]; null where all weigh 1. */
  readonly rowWeights: Tf.Tensor | null
}

/** The objective of a called network. */
export function objectiveOf(
  tf: TensorFlow,
  model: Model,
  outputs: readonly LearnedOutput[],
  called: CalledNetwork,
  { targets, rowWeights }: Truths,
): Objective {
  const losses = outputs.map(({ loss }, i) => {
    const perSample = outputLoss(tf, loss, called, targets[i] as Tf.Tensor, i)
    return tf.mean(rowWeights ? tf.mul(perSample, rowWeights) : perSample)
  })
  const penalty = called.penalties.reduce((sum, one) => tf.add(sum, one), tf.scalar(0) as Tf.Tensor)
  const data = losses.reduce(
    (sum, loss, i) => tf.add(sum, tf.mul(loss, outputs[i]?.lossWeight ?? 1)),
    tf.scalar(0) as Tf.Tensor,
  )
  const predictions = outputs.map(({ loss }, i) => {
    const built = model.outputs[i]
    const activation = (built && lossOf(loss).probabilities?.(loss, built)) ?? null
    return activate(tf, activation, called.outputs[i] as Tf.Tensor)
  })
  return { total: tf.add(data, penalty) as Tf.Scalar, losses, penalty, predictions, masks: called.masks }
}

/** The loss of each sample, [batch]; with masked steps, such that their mean is that of the real steps of the batch. */
function outputLoss(
  tf: TensorFlow,
  loss: NamedConfig,
  called: CalledNetwork,
  yTrue: Tf.Tensor,
  place: number,
): Tf.Tensor {
  const yPred = called.outputs[place] as Tf.Tensor
  const mask = called.masks[place] ?? null
  const logits = lossOf(loss).fromLogits ? (called.logits[place] ?? null) : null
  if (!mask) return lossPerSample(tf, loss, { yTrue, yPred, logits })
  const fold = (x: Tf.Tensor) => tf.reshape(x, [-1, ...x.shape.slice(mask.rank)])
  const perStep = lossPerSample(tf, loss, { yTrue: fold(yTrue), yPred: fold(yPred), logits: logits && fold(logits) })
  const real = tf.cast(mask, 'float32')
  const sums = tf.sum(tf.mul(tf.reshape(perStep, mask.shape), real), mask.shape.map((_, axis) => axis).slice(1))
  const count = tf.maximum(tf.sum(real), 1) // a batch without a real step has no loss
  return tf.mul(sums, tf.div(mask.shape[0] ?? 1, count))
}
