/** The losses with the operators of TensorFlow.js: one number per sample, by the formulas of src/nn/losses. */
import type * as Tf from '@tensorflow/tfjs'
import type { NamedConfig } from '../nn/named.ts'
import type { TensorFlow } from './backend.ts'
import type { SupportedLoss } from './support.ts'

/** Keras' epsilon: what keeps logarithms finite. */
const epsilon = 1e-7

interface Given {
  readonly tf: TensorFlow
  /** Class indices [batch, …], else as the output. */
  readonly yTrue: Tf.Tensor
  readonly yPred: Tf.Tensor
  readonly from_logits: boolean
  readonly label_smoothing: number
  readonly delta: number
}

const logOf = (tf: TensorFlow, probabilities: Tf.Tensor) => tf.log(tf.clipByValue(probabilities, epsilon, 1 - epsilon))

/** y·(1 - smoothing) + smoothing·even, `even` being the share of each class. */
const smoothed = ({ tf, label_smoothing }: Given, y: Tf.Tensor, even: number) =>
  label_smoothing === 0 ? y : tf.add(tf.mul(y, 1 - label_smoothing), label_smoothing * even)

/** -Σ y·log p over the classes. */
function expected({ tf, yPred, from_logits }: Given, y: Tf.Tensor): Tf.Tensor {
  const logs = from_logits ? tf.logSoftmax(yPred) : logOf(tf, tf.div(yPred, tf.sum(yPred, -1, true)))
  return tf.neg(tf.sum(tf.mul(y, logs), -1))
}

/** Before the mean over what axes of a sample are left. */
const formulas: Readonly<Record<SupportedLoss, (given: Given) => Tf.Tensor>> = {
  mean_squared_error: ({ tf, yTrue, yPred }) => tf.squaredDifference(yPred, yTrue),
  mean_absolute_error: ({ tf, yTrue, yPred }) => tf.abs(tf.sub(yPred, yTrue)),
  huber: ({ tf, yTrue, yPred, delta }) => {
    const size = tf.abs(tf.sub(yPred, yTrue))
    const cut = tf.minimum(size, delta)
    return tf.mul(cut, tf.sub(size, tf.mul(cut, 0.5)))
  },
  log_cosh: ({ tf, yTrue, yPred }) => {
    const error = tf.sub(yPred, yTrue)
    return tf.sub(tf.add(error, tf.softplus(tf.mul(error, -2))), Math.LN2)
  },
  binary_crossentropy: (given) => {
    const { tf, yPred, from_logits } = given
    const y = smoothed(given, given.yTrue, 0.5)
    const costYes = from_logits ? tf.softplus(tf.neg(yPred)) : tf.neg(logOf(tf, yPred))
    const costNo = from_logits ? tf.softplus(yPred) : tf.neg(logOf(tf, tf.sub(1, yPred)))
    return tf.add(tf.mul(y, costYes), tf.mul(tf.sub(1, y), costNo))
  },
  categorical_crossentropy: (given) =>
    expected(given, smoothed(given, given.yTrue, 1 / (given.yPred.shape.at(-1) ?? 1))),
  sparse_categorical_crossentropy: (given) => {
    const { tf, yTrue, yPred } = given
    const classes = yPred.shape.at(-1) ?? 1
    return expected(given, tf.reshape(tf.oneHot(tf.cast(tf.reshape(yTrue, [-1]), 'int32'), classes), yPred.shape))
  },
}

/** The loss of each sample, [batch]. `loss` is one of `supportedLosses`. */
export function lossPerSample(tf: TensorFlow, loss: NamedConfig, yTrue: Tf.Tensor, yPred: Tf.Tensor): Tf.Tensor {
  const config = { from_logits: false, label_smoothing: 0, delta: 1, ...loss }
  const values = formulas[loss.name as SupportedLoss]({ ...config, tf, yTrue, yPred })
  const axes = values.shape.map((_, axis) => axis).slice(1)
  return axes.length === 0 ? values : tf.mean(values, axes)
}
