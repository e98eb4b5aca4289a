/** The form of a loss: one number per sample from the truth and the model's output. */
import type { TUnsafe } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Any, Real } from '../../onnx/value.ts'
import type { ModelOutput } from '../model.ts'
import type { NamedConfig } from '../named.ts'

/**
 * How the truth is given to a loss:
 * - `number`: float [batch, …] in the output's shape
 * - `binary`: float 0 or 1, in the output's shape
 * - `class_index`: int64 [batch, …], the output's shape without its last axis
 * - `one_hot`: float, in the output's shape, the last axis adds up to 1
 */
export type TargetKind = 'number' | 'binary' | 'class_index' | 'one_hot'

/** What a column to be learned is. */
export interface Target {
  readonly kind: 'regression' | 'binary' | 'multiclass'
  readonly column?: string
  /** The classes, for the two kinds that have them. */
  readonly labels?: readonly string[]
}

/** What the checks of a loss read of an output. */
export type LossOutput = Pick<ModelOutput, 'shape' | 'activation'>

export interface Loss<C extends NamedConfig = NamedConfig> {
  readonly config: TUnsafe<C>
  readonly targetKind: TargetKind
  /** Takes any vectors in the output's shape as well, and any output for them. */
  readonly anyVectors?: true
  /** The loss of each sample, [batch], from the model's output. */
  perSample(op: Builder, yTrue: Any, yPred: Real, config: C): Real
  /**
   * The same from the logits of a softmax or sigmoid output, [batch]: exact where the probability is rounded to 0 or 1.
   * Used instead of `perSample` wherever the model has logits.
   */
  fromLogits?(op: Builder, yTrue: Any, logits: Real, config: C): Real
  /**
   * The gradient of the sum over the samples of `fromLogits` in closed form, in the shape of the logits: a node or two
   * where the walk back takes ten, in every step. A property test holds it against that walk.
   */
  logitsGradient?(op: Builder, yTrue: Any, logits: Real, config: C): Real
  /**
   * The truth in the shape of the output, [steps, batch, …] for the batches of many steps at once, where that saves every
   * step the work. What it gives is taken as `yTrue` by the functions above.
   */
  expandTargets?(op: Builder, yTrue: Any, outputShape: readonly number[]): Real
  /** What does not fit between the output and the target, and what to do; null where all fits. */
  fits(output: LossOutput, target: Target, config: C): string | null
  /**
   * The activation that makes probabilities of an output that gives none: logits (`from_logits`), or the margins and scores
   * of the hinges. Null where the output is taken as it is.
   */
  probabilities?(config: C, output: Pick<ModelOutput, 'activation'>): 'softmax' | 'sigmoid' | null
}

export function defineLoss<C extends NamedConfig>(loss: Loss<C>): Loss {
  return loss
}

/** Keras' epsilon: what keeps logarithms and quotients finite. */
export const epsilon = 1e-7

/** Probabilities, kept a little away from 0 and 1 as Keras does. */
export function clipped(op: Builder, probabilities: Real): Real {
  return op.Clip(probabilities, op.scalar(epsilon, probabilities), op.scalar(1 - epsilon, probabilities))
}

/** log of probabilities, clipped as Keras clips. */
export function clippedLog(op: Builder, probabilities: Real): Real {
  return op.Log(clipped(op, probabilities))
}

/** The mean over every axis but the batch's: [batch, …] → [batch]. */
export function meanPerSample(op: Builder, x: Real): Real {
  const axes = x.shape.map((_, axis) => axis).slice(1)
  return axes.length === 0 ? x : op.ReduceMean(x, op.ints(axes), { keepdims: 0 })
}

/** `x` divided by the number of values over which `meanPerSample` takes a mean beside the axes in `without`. */
export function dividedByMean(op: Builder, x: Real, without: readonly number[] = []): Real {
  const lengths = x.shape.filter((_, axis) => axis > 0 && !without.includes(axis)).map(Number)
  const count = lengths.reduce((product, length) => product * length, 1)
  return count === 1 ? x : op.Mul(x, op.scalar(1 / count, x))
}

/** The truth as floats of the prediction's type. */
export function asFloats(op: Builder, yTrue: Any, like: Real): Real {
  return yTrue.type === like.type ? (yTrue as Real) : op.Cast(yTrue, { to: like.type })
}
