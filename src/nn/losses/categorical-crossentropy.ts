/** Crossentropy over classes, -Σ y·log p, with the truth as one-hot rows or as class indices. */
import type { Builder } from '../../onnx/builder.ts'
import { tensorOf } from '../../onnx/tensor.ts'
import type { Any, Index, Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { FromLogits, type LogitsConfig, logitsMisfit } from './from-logits.ts'
import { LabelSmoothing, type SmoothedConfig, smoothed } from './label-smoothing.ts'
import { asFloats, clippedLog, defineLoss, dividedByMean, type LossOutput, meanPerSample, type Target } from './loss.ts'
import { classesMisfit } from './misfits.ts'

/**
 * yTrue one-hot, [batch, …, classes]. Probabilities are divided by their sum first, as Keras does.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const categoricalCrossentropy = defineLoss<SmoothedConfig>({
  config: Strict({
    name: NameOf('categorical_crossentropy'),
    from_logits: FromLogits,
    label_smoothing: LabelSmoothing,
  }),
  targetKind: 'one_hot',
  perSample: (op, yTrue, yPred, { from_logits, label_smoothing }) => {
    const y = smoothedRows(op, yTrue, yPred, label_smoothing)
    if (from_logits) return expected(op, y, logSoftmax(op, yPred))
    return expected(op, y, logOfShares(op, yPred))
  },
  fromLogits: (op, yTrue, logits, { label_smoothing }) =>
    expected(op, smoothedRows(op, yTrue, logits, label_smoothing), logSoftmax(op, logits)),
  logitsGradient: (op, yTrue, logits, { label_smoothing }) =>
    minusTruth(op, smoothedRows(op, yTrue, logits, label_smoothing), logits),
  fits,
  probabilities: ({ from_logits }) => (from_logits ? 'softmax' : null),
})

/**
 * yTrue class indices, [batch, …]. Probabilities are divided by their sum first, as Keras does.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const sparseCategoricalCrossentropy = defineLoss<LogitsConfig>({
  config: Strict({ name: NameOf('sparse_categorical_crossentropy'), from_logits: FromLogits }),
  targetKind: 'class_index',
  perSample: (op, yTrue, yPred, { from_logits }) =>
    expected(op, oneHot(op, yTrue, yPred), from_logits ? logSoftmax(op, yPred) : logOfShares(op, yPred)),
  fromLogits: (op, yTrue, logits) => expected(op, oneHot(op, yTrue, logits), logSoftmax(op, logits)),
  logitsGradient: (op, yTrue, logits) => minusTruth(op, oneHot(op, yTrue, logits), logits),
  expandTargets: (op, yTrue, outputShape) => oneHotOf(op, yTrue, outputShape.at(-1) ?? 1, 'float32'),
  fits,
  probabilities: ({ from_logits }) => (from_logits ? 'softmax' : null),
})

/** One-hot rows, smoothed towards one over the number of classes. */
function smoothedRows(op: Builder, yTrue: Any, like: Real, smoothing: number): Real {
  return smoothed(op, asFloats(op, yTrue, like), smoothing, 1 / Number(like.shape.at(-1)))
}

function logSoftmax(op: Builder, logits: Real): Real {
  return op.LogSoftmax(logits, { axis: -1 })
}

/** The logarithm of probabilities divided by their sum. */
function logOfShares(op: Builder, probabilities: Real): Real {
  const sum = op.ReduceSum(probabilities, op.ints([-1]), { keepdims: 1 })
  return clippedLog(op, op.Div(probabilities, sum))
}

/** -Σ y·log p over the classes, then the mean over what axes are left. */
function expected(op: Builder, y: Real, logProbabilities: Real): Real {
  const sum = op.ReduceSum(op.Mul(y, logProbabilities), op.ints([-1]), { keepdims: 0 })
  return meanPerSample(op, op.Neg(sum))
}

/** softmax(z) - y, the gradient for rows that add up to 1. */
function minusTruth(op: Builder, y: Real, logits: Real): Real {
  const difference = op.Sub(op.Softmax(logits, { axis: -1 }), y)
  return dividedByMean(op, difference, [logits.shape.length - 1])
}

/** Class indices as rows with a 1 at the class. [batch, 1] beside [batch, classes] is taken as [batch]. */
function oneHot(op: Builder, yTrue: Any, like: Real): Real {
  if (yTrue.type === like.type) return yTrue as Real // expanded already
  const rank = like.shape.length
  const classes = like.shape.at(-1)
  if (typeof classes !== 'number') throw new Error(`the number of classes of ${like.name} is not known`)
  return oneHotOf(op, yTrue.shape.length === rank ? op.Squeeze(yTrue, op.ints([-1])) : yTrue, classes, like.type)
}

/** Up to so many classes, rows are copied out of a matrix (half a MiB for this many); beyond, `OneHot` needs none. */
const mostCopied = 256

/** Rows of zeros for what is no class; -1 is the last class, as Python counts. */
function oneHotOf(op: Builder, yTrue: Any, classes: number, type: Real['type']): Real {
  if (classes <= mostCopied && yTrue.type === 'int32') return rowsOf(op, yTrue as Index, classes, type)
  const offAndOn: Real = op.constant(tensorOf(type, [0, 1]))
  const depth = op.constant(tensorOf('int64', [classes], []))
  return op.OneHot(op.Cast(yTrue, { to: 'int64' }), depth, offAndOn, { axis: -1 })
}

/** The same by copying the rows of an identity matrix, which takes a quarter of the time of `OneHot`. */
function rowsOf(op: Builder, yTrue: Index, classes: number, type: Real['type']): Real {
  // the identity, a row of zeros, the identity: `Gather` counts negative places from the end
  const rows = 2 * classes + 1
  const values = new Float32Array(rows * classes)
  for (let i = 0; i < rows; i++) if (i !== classes) values[i * classes + (i < classes ? i : i - classes - 1)] = 1
  const place = op.Clip(yTrue, op.scalar(-classes - 1, yTrue), op.scalar(classes, yTrue))
  return op.Gather(op.constant(tensorOf(type, values, [rows, classes])), place, { axis: 0 })
}

/** One unit per class, softmax. */
function fits(output: LossOutput, target: Target, { from_logits }: LogitsConfig): string | null {
  return classesMisfit(output, target, 'crossentropy', 'softmax') ?? logitsMisfit(output, from_logits, 'softmax')
}
