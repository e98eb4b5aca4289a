/** Losses of the difference between truth and prediction. */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Any, Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { asFloats, defineLoss, epsilon, meanPerSample } from './loss.ts'
import { numberMisfit } from './misfits.ts'

/** yPred - yTrue. */
function errorOf(op: Builder, yTrue: Any, yPred: Real): Real {
  return op.Sub(yPred, asFloats(op, yTrue, yPred))
}

function square(op: Builder, x: Real): Real {
  return op.Mul(x, x)
}

/** mean((yTrue - yPred)²). @see https://keras.io/api/losses/regression_losses/ */
export const meanSquaredError = defineLoss({
  config: Strict({ name: NameOf('mean_squared_error', 'mse') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => meanPerSample(op, square(op, errorOf(op, yTrue, yPred))),
  fits: numberMisfit,
})

/** mean(|yTrue - yPred|). @see https://keras.io/api/losses/regression_losses/ */
export const meanAbsoluteError = defineLoss({
  config: Strict({ name: NameOf('mean_absolute_error', 'mae') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => meanPerSample(op, op.Abs(errorOf(op, yTrue, yPred))),
  fits: numberMisfit,
})

/**
 * 100 · mean(|yTrue - yPred| / max(|yTrue|, 1e-7)), in percent. A truth of 0 weighs enormously, as in Keras.
 * @see https://keras.io/api/losses/regression_losses/
 */
export const meanAbsolutePercentageError = defineLoss({
  config: Strict({ name: NameOf('mean_absolute_percentage_error', 'mape') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => {
    const size = op.Max([op.Abs(asFloats(op, yTrue, yPred)), op.scalar(epsilon, yPred)])
    const shares = op.Div(op.Abs(errorOf(op, yTrue, yPred)), size)
    return op.Mul(meanPerSample(op, shares), op.scalar(100, yPred))
  },
  fits: numberMisfit,
})

/**
 * mean((log(1 + yTrue) - log(1 + yPred))²); what is below 1e-7 counts as 1e-7 on both sides, as in Keras.
 * @see https://keras.io/api/losses/regression_losses/
 */
export const meanSquaredLogarithmicError = defineLoss({
  config: Strict({ name: NameOf('mean_squared_logarithmic_error', 'msle') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => {
    const log = (x: Real) => op.Log(op.Add(op.Max([x, op.scalar(epsilon, x)]), op.scalar(1, x)))
    return meanPerSample(op, square(op, op.Sub(log(yPred), log(asFloats(op, yTrue, yPred)))))
  },
  fits: numberMisfit,
})

/**
 * The mean of e²/2 where |e| ≤ delta, else delta·|e| - delta²/2: both agree at delta. Not smooth L1 (which divides by
 * delta) and not pseudo-Huber.
 * @see Huber 1964, Robust estimation of a location parameter; https://keras.io/api/losses/regression_losses/
 */
export const huber = defineLoss({
  config: Strict({ name: NameOf('huber'), delta: Type.Number({ exclusiveMinimum: 0, default: 1 }) }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred, { delta }) => {
    const size = op.Abs(errorOf(op, yTrue, yPred))
    // with c = min(|e|, delta) both branches are c·(|e| - c/2)
    const cut = op.Min([size, op.scalar(delta, size)])
    return meanPerSample(op, op.Mul(cut, op.Sub(size, op.Mul(cut, op.scalar(0.5, cut)))))
  },
  fits: numberMisfit,
})

/**
 * mean(log(cosh(e))) = mean(e + softplus(-2e) - log 2), of which large errors do not overflow.
 * @see https://keras.io/api/losses/regression_losses/
 */
export const logCosh = defineLoss({
  config: Strict({ name: NameOf('log_cosh', 'logcosh') }),
  targetKind: 'number',
  perSample: (op, yTrue, yPred) => {
    const error = errorOf(op, yTrue, yPred)
    const positive = op.Softplus(op.Mul(error, op.scalar(-2, error)))
    return meanPerSample(op, op.Sub(op.Add(error, positive), op.scalar(Math.LN2, error)))
  },
  fits: numberMisfit,
})
