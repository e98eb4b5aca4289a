/** Losses of the difference between truth and prediction. */
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { asFloats, defineLoss, type LossOutput, meanPerSample, type Target, targetName, unitsMisfit } from './loss.ts'

/** A number to learn needs one unit; two classes may be learned as the numbers 0 and 1. */
function fits(output: LossOutput, target: Target): string | null {
  if (target.kind === 'multiclass') {
    return `this loss learns numbers, but ${targetName(target)} has ${target.labels?.length ?? 'several'} classes: use sparse_categorical_crossentropy with a softmax output`
  }
  return unitsMisfit(output, 1, `${targetName(target)} is one number`, 'give the last layer 1 unit')
}

/** mean((yTrue - yPred)²). @see https://keras.io/api/losses/regression_losses/ */
export const meanSquaredError = defineLoss({
  config: Strict({ name: NameOf('mean_squared_error', 'mse') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => {
    const error = op.Sub(yPred, asFloats(op, yTrue, yPred))
    return meanPerSample(op, op.Mul(error, error))
  },
  fits,
})

/** mean(|yTrue - yPred|). @see https://keras.io/api/losses/regression_losses/ */
export const meanAbsoluteError = defineLoss({
  config: Strict({ name: NameOf('mean_absolute_error', 'mae') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => meanPerSample(op, op.Abs(op.Sub(yPred, asFloats(op, yTrue, yPred)))),
  fits,
})
