/** Binary crossentropy: -(y·log p + (1-y)·log(1-p)), the mean over the labels of a sample. */
import type { Builder } from '../../onnx/builder.ts'
import type { Any, Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { FromLogits, logitsMisfit } from './from-logits.ts'
import { LabelSmoothing, type SmoothedConfig, smoothed } from './label-smoothing.ts'
import { asFloats, clippedLog, defineLoss, dividedByMean, meanPerSample } from './loss.ts'
import { twoClassesMisfit } from './misfits.ts'

/**
 * yTrue 0 or 1 (or between), one output per label with sigmoid.
 * From logits z: y·softplus(-z) + (1-y)·softplus(z), whose gradient is sigmoid(z) - y at every z.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const binaryCrossentropy = defineLoss<SmoothedConfig>({
  config: Strict({
    name: NameOf('binary_crossentropy', 'bce'),
    from_logits: FromLogits,
    label_smoothing: LabelSmoothing,
  }),
  targetKind: 'binary',
  perSample: (op, yTrue, yPred, config) => {
    if (config.from_logits) return ofLogits(op, yTrue, yPred, config)
    const no = op.Sub(op.scalar(1, yPred), yPred)
    const y = smoothed(op, asFloats(op, yTrue, yPred), config.label_smoothing, 0.5)
    return weighed(op, y, op.Neg(clippedLog(op, yPred)), op.Neg(clippedLog(op, no)))
  },
  fromLogits: ofLogits,
  logitsGradient: (op, yTrue, logits, { label_smoothing }) => {
    const y = smoothed(op, asFloats(op, yTrue, logits), label_smoothing, 0.5)
    return dividedByMean(op, op.Sub(op.Sigmoid(logits), y))
  },
  fits: (output, target, { from_logits }) =>
    twoClassesMisfit(output, target, 'binary_crossentropy', 'sigmoid') ?? logitsMisfit(output, from_logits, 'sigmoid'),
  probabilities: ({ from_logits }) => (from_logits ? 'sigmoid' : null),
})

function ofLogits(op: Builder, yTrue: Any, logits: Real, config: SmoothedConfig): Real {
  const y = smoothed(op, asFloats(op, yTrue, logits), config.label_smoothing, 0.5)
  return weighed(op, y, op.Softplus(op.Neg(logits)), op.Softplus(logits))
}

/** The mean of y·costYes + (1-y)·costNo. */
function weighed(op: Builder, y: Real, costYes: Real, costNo: Real): Real {
  return meanPerSample(op, op.Add(op.Mul(y, costYes), op.Mul(op.Sub(op.scalar(1, y), y), costNo)))
}
