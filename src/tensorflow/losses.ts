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
  readonly fromLogits: boolean
}

const logOf = (tf: TensorFlow, probabilities: Tf.Tensor) => tf.log(tf.clipByValue(probabilities, epsilon, 1 - epsilon))

/** -Σ y·log p over the classes. */
function expected({ tf, yPred, fromLogits }: Given, y: Tf.Tensor): Tf.Tensor {
  const logs = fromLogits ? tf.logSoftmax(yPred) : logOf(tf, tf.div(yPred, tf.sum(yPred, -1, true)))
  return tf.neg(tf.sum(tf.mul(y, logs), -1))
}

/** Before the mean over what axes of a sample are left. */
const formulas: Readonly<Record<SupportedLoss, (given: Given) => Tf.Tensor>> = {
  mean_squared_error: ({ tf, yTrue, yPred }) => tf.squaredDifference(yPred, yTrue),
  mean_absolute_error: ({ tf, yTrue, yPred }) => tf.abs(tf.sub(yPred, yTrue)),
  binary_crossentropy: ({ tf, yTrue, yPred, fromLogits }) => {
    const costYes = fromLogits ? tf.softplus(tf.neg(yPred)) : tf.neg(logOf(tf, yPred))
    const costNo = fromLogits ? tf.softplus(yPred) : tf.neg(logOf(tf, tf.sub(1, yPred)))
    return tf.add(tf.mul(yTrue, costYes), tf.mul(tf.sub(1, yTrue), costNo))
  },
  categorical_crossentropy: (given) => expected(given, given.yTrue),
  sparse_categorical_crossentropy: (given) => {
    const { tf, yTrue, yPred } = given
    const classes = yPred.shape.at(-1) ?? 1
    return expected(given, tf.reshape(tf.oneHot(tf.cast(tf.reshape(yTrue, [-1]), 'int32'), classes), yPred.shape))
  },
}

/** The loss of each sample, [batch]. `loss` is one of `supportedLosses`. */
export function lossPerSample(tf: TensorFlow, loss: NamedConfig, yTrue: Tf.Tensor, yPred: Tf.Tensor): Tf.Tensor {
  const fromLogits = 'from_logits' in loss && loss.from_logits === true
  const values = formulas[loss.name as SupportedLoss]({ tf, yTrue, yPred, fromLogits })
  const axes = values.shape.map((_, axis) => axis).slice(1)
  return axes.length === 0 ? values : tf.mean(values, axes)
}
