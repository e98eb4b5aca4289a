/** Binary crossentropy: -(y·log p + (1-y)·log(1-p)), the mean over the labels of a sample. */
import type { Builder } from '../../onnx/builder.ts'
import type { Any, Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { FromLogits, logitsMisfit } from './from-logits.ts'
import { asFloats, clippedLog, defineLoss, dividedByMean, meanPerSample, targetName, unitsMisfit } from './loss.ts'

/**
 * yTrue 0 or 1 (or between), one output per label with sigmoid.
 * From logits z: y·softplus(-z) + (1-y)·softplus(z), whose gradient is sigmoid(z) - y at every z.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const binaryCrossentropy = defineLoss({
  config: Strict({ name: NameOf('binary_crossentropy'), from_logits: FromLogits }),
  targetKind: 'binary',
  perSample: (op, yTrue, yPred, { from_logits }) => {
    if (from_logits) return ofLogits(op, yTrue, yPred)
    const no = op.Sub(op.scalar(1, yPred), yPred)
    return weighed(op, yTrue, op.Neg(clippedLog(op, yPred)), op.Neg(clippedLog(op, no)))
  },
  fromLogits: ofLogits,
  logitsGradient: (op, yTrue, logits) => dividedByMean(op, op.Sub(op.Sigmoid(logits), asFloats(op, yTrue, logits))),
  fits: (output, target, { from_logits }) => {
    if (target.kind === 'regression') {
      return `binary_crossentropy learns two classes, but ${targetName(target)} is a number: use mean_squared_error`
    }
    if (target.kind === 'multiclass') {
      return `binary_crossentropy learns two classes, but ${targetName(target)} has ${target.labels?.length ?? 'more'}: use sparse_categorical_crossentropy with a softmax output`
    }
    const advice = 'give the last layer 1 unit with sigmoid, or use sparse_categorical_crossentropy'
    const shape = unitsMisfit(output, 1, `binary_crossentropy learns ${targetName(target)} with 1 unit`, advice)
    return shape ?? logitsMisfit(output, from_logits, 'sigmoid')
  },
  probabilities: ({ from_logits }) => (from_logits ? 'sigmoid' : null),
})

function ofLogits(op: Builder, yTrue: Any, logits: Real): Real {
  return weighed(op, yTrue, op.Softplus(op.Neg(logits)), op.Softplus(logits))
}

/** The mean of y·costYes + (1-y)·costNo. */
function weighed(op: Builder, yTrue: Any, costYes: Real, costNo: Real): Real {
  const y = asFloats(op, yTrue, costYes)
  return meanPerSample(op, op.Add(op.Mul(y, costYes), op.Mul(op.Sub(op.scalar(1, y), y), costNo)))
}
