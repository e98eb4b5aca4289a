/** The losses with the operators of TensorFlow.js: one number per sample, by the formulas of src/nn/losses. */
import type * as Tf from '@tensorflow/tfjs'
import type { NamedConfig } from '../nn/named.ts'
import type { TensorFlow } from './backend.ts'
import { absolute, largest } from './operators.ts'

/** Keras' epsilon: what keeps logarithms finite. */
const epsilon = 1e-7

interface Given {
  readonly tf: TensorFlow
  /** Class indices [batch, …], else as the output. */
  readonly yTrue: Tf.Tensor
  readonly yPred: Tf.Tensor
  /** Where the loss is computed from them: those behind a softmax or sigmoid, or the output itself with `from_logits`. */
  readonly logits: Tf.Tensor | null
  readonly label_smoothing: number
  readonly delta: number
  readonly apply_class_balancing: boolean
  readonly alpha: number
  readonly gamma: number
}

/** Before the mean over what axes of a sample are left. */
type Formula = (given: Given) => Tf.Tensor

const clipped = (tf: TensorFlow, probabilities: Tf.Tensor) => tf.clipByValue(probabilities, epsilon, 1 - epsilon)
const logOf = (tf: TensorFlow, probabilities: Tf.Tensor) => tf.log(clipped(tf, probabilities))
const atLeast = (tf: TensorFlow, x: Tf.Tensor) => tf.maximum(x, epsilon)

/** y·(1 - smoothing) + smoothing·even, `even` being the share of each class. */
const smoothed = ({ tf, label_smoothing }: Given, y: Tf.Tensor, even: number) =>
  label_smoothing === 0 ? y : tf.add(tf.mul(y, 1 - label_smoothing), label_smoothing * even)

const smoothedClasses = (given: Given) => smoothed(given, given.yTrue, 1 / (given.yPred.shape.at(-1) ?? 1))

/** Probabilities over the last axis that add up to 1. */
const normalized = ({ tf, yPred }: Given) => tf.div(yPred, tf.sum(yPred, -1, true))

/** y·yes + (1 - y)·no */
const either = (tf: TensorFlow, y: Tf.Tensor, yes: Tf.Tensor | number, no: Tf.Tensor | number) =>
  tf.add(tf.mul(y, yes), tf.mul(tf.sub(1, y), no))

/** What a yes and a no cost, each as if it was true: -log p and -log(1 - p). */
function costs({ tf, yPred, logits }: Given): { yes: Tf.Tensor; no: Tf.Tensor } {
  if (logits) return { yes: tf.softplus(tf.neg(logits)), no: tf.softplus(logits) }
  return { yes: tf.neg(logOf(tf, yPred)), no: tf.neg(logOf(tf, tf.sub(1, yPred))) }
}

function binaryCrossentropy(given: Given): Tf.Tensor {
  const { yes, no } = costs(given)
  return either(given.tf, smoothed(given, given.yTrue, 0.5), yes, no)
}

function binaryFocal(given: Given): Tf.Tensor {
  const { tf, yPred, logits, alpha, gamma, apply_class_balancing } = given
  const y = smoothed(given, given.yTrue, 0.5)
  const p = logits ? tf.sigmoid(logits) : yPred
  const { yes, no } = costs(given)
  const distance = tf.maximum(either(tf, y, tf.sub(1, p), p), 1e-12)
  const focal = tf.mul(tf.pow(distance, gamma), either(tf, y, yes, no))
  return apply_class_balancing ? tf.mul(either(tf, y, alpha, 1 - alpha), focal) : focal
}

function categoricalFocal(given: Given): Tf.Tensor {
  const { tf, logits, alpha, gamma } = given
  const p = logits ? tf.softmax(logits) : clipped(tf, normalized(given))
  const logs = logits ? tf.logSoftmax(logits) : tf.log(p)
  const factor = tf.mul(tf.pow(tf.maximum(tf.sub(1, p), 1e-12), gamma), -alpha)
  return tf.sum(tf.mul(factor, tf.mul(smoothedClasses(given), logs)), -1)
}

/** -Σ y·log p over the classes. */
const expected = ({ tf }: Given, y: Tf.Tensor, logs: Tf.Tensor) => tf.neg(tf.sum(tf.mul(y, logs), -1))

function sparseCrossentropy(given: Given): Tf.Tensor {
  const { tf, yTrue, yPred, logits } = given
  const rows = tf.oneHot(tf.cast(tf.reshape(yTrue, [-1]), 'int32'), yPred.shape.at(-1) ?? 1)
  const logs = logits ? tf.logSoftmax(logits) : logOf(tf, normalized(given))
  return expected(given, tf.reshape(rows, yPred.shape), logs)
}

function divergence({ tf, yTrue, yPred, logits }: Given): Tf.Tensor {
  const inside = (x: Tf.Tensor) => tf.clipByValue(x, epsilon, 1)
  const y = inside(yTrue)
  const logs = logits ? tf.logSoftmax(logits) : tf.log(inside(yPred))
  return tf.sum(tf.mul(y, tf.sub(tf.log(y), logs)), -1)
}

/** max(0, 1 - y·yPred) with y = -1 or 1; a truth of 0 is taken as -1. */
function margins({ tf, yTrue, yPred }: Given): Tf.Tensor {
  const sign = tf.where(tf.equal(yTrue, 0), tf.fill(yTrue.shape, -1), yTrue)
  return tf.relu(tf.sub(1, tf.mul(sign, yPred)))
}

function categoricalHinge({ tf, yTrue, yPred }: Given): Tf.Tensor {
  const right = tf.sum(tf.mul(yTrue, yPred), -1)
  const wrong = tf.squeeze(largest(tf, tf.mul(tf.sub(1, yTrue), yPred), [yPred.rank - 1]), [yPred.rank - 1])
  return tf.relu(tf.add(tf.sub(wrong, right), 1))
}

function cosine({ tf, yTrue, yPred }: Given): Tf.Tensor {
  const unit = (x: Tf.Tensor) => tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-12)))
  return tf.neg(tf.sum(tf.mul(unit(yTrue), unit(yPred)), -1))
}

const formulas: Readonly<Record<string, Formula>> = {
  mean_squared_error: ({ tf, yTrue, yPred }) => tf.squaredDifference(yPred, yTrue),
  mean_absolute_error: ({ tf, yTrue, yPred }) => absolute(tf, tf.sub(yPred, yTrue)),
  mean_absolute_percentage_error: ({ tf, yTrue, yPred }) =>
    tf.mul(tf.div(absolute(tf, tf.sub(yPred, yTrue)), atLeast(tf, tf.abs(yTrue))), 100),
  mean_squared_logarithmic_error: ({ tf, yTrue, yPred }) =>
    tf.squaredDifference(tf.log1p(atLeast(tf, yPred)), tf.log1p(atLeast(tf, yTrue))),
  huber: ({ tf, yTrue, yPred, delta }) => {
    const size = absolute(tf, tf.sub(yPred, yTrue))
    const cut = tf.minimum(size, delta)
    return tf.mul(cut, tf.sub(size, tf.mul(cut, 0.5)))
  },
  log_cosh: ({ tf, yTrue, yPred }) => {
    const error = tf.sub(yPred, yTrue)
    return tf.sub(tf.add(error, tf.softplus(tf.mul(error, -2))), Math.LN2)
  },
  poisson: ({ tf, yTrue, yPred }) => tf.sub(yPred, tf.mul(yTrue, tf.log(tf.add(yPred, epsilon)))),
  binary_crossentropy: binaryCrossentropy,
  categorical_crossentropy: (given) => {
    const { tf, logits } = given
    return expected(given, smoothedClasses(given), logits ? tf.logSoftmax(logits) : logOf(tf, normalized(given)))
  },
  sparse_categorical_crossentropy: sparseCrossentropy,
  binary_focal_crossentropy: binaryFocal,
  categorical_focal_crossentropy: categoricalFocal,
  kl_divergence: divergence,
  hinge: margins,
  squared_hinge: (given) => given.tf.square(margins(given)),
  categorical_hinge: categoricalHinge,
  cosine_similarity: cosine,
}

/** The losses that the engine has, by their Keras names. */
export const engineLosses: readonly string[] = Object.keys(formulas)

export interface LossInputs {
  readonly yTrue: Tf.Tensor
  readonly yPred: Tf.Tensor
  /** Behind the softmax or sigmoid that gave `yPred`; null where nothing of the kind did. */
  readonly logits: Tf.Tensor | null
}

/** The loss of each sample, [batch]. `loss` is one of `engineLosses`. */
export function lossPerSample(tf: TensorFlow, loss: NamedConfig, inputs: LossInputs): Tf.Tensor {
  const config = {
    from_logits: false,
    label_smoothing: 0,
    delta: 1,
    apply_class_balancing: false,
    alpha: 0.25,
    gamma: 2,
  }
  const given = { ...config, ...loss, tf, ...inputs }
  const formula = formulas[loss.name]
  if (!formula) throw new Error(`the engine tensorflow has no loss ${loss.name}`)
  const values = formula(given.from_logits ? { ...given, logits: inputs.yPred } : given)
  const axes = values.shape.map((_, axis) => axis).slice(1)
  return axes.length === 0 ? values : tf.mean(values, axes)
}
