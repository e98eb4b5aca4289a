/** The Poisson loss, for counts. */
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { asFloats, defineLoss, epsilon, meanPerSample } from './loss.ts'
import { numberMisfit } from './misfits.ts'

/**
 * mean(yPred - yTrue · log(yPred + 1e-7)): the likelihood of counts. Predictions are to be positive (`exponential`,
 * `softplus`); a negative one has no logarithm and ends the training.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const poisson = defineLoss({
  config: Strict({ name: NameOf('poisson') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => {
    const log = op.Log(op.Add(yPred, op.scalar(epsilon, yPred)))
    return meanPerSample(op, op.Sub(yPred, op.Mul(asFloats(op, yTrue, yPred), log)))
  },
  fits: numberMisfit,
})
