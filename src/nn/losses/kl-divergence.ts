/** The Kullback-Leibler divergence of the predicted distribution from the true one. */
import type { Builder } from '../../onnx/builder.ts'
import type { Any, Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { asFloats, defineLoss, epsilon, meanPerSample } from './loss.ts'
import { classesMisfit, distributionMisfit } from './misfits.ts'

/**
 * Σ yTrue·log(yTrue / yPred) over the classes, both kept above 1e-7 as in Keras; yTrue rows that add up to 1.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const klDivergence = defineLoss({
  config: Strict({ name: NameOf('kl_divergence', 'kld', 'kullback_leibler_divergence') }),
  targetKind: 'one_hot',
  perSample: (op, yTrue, yPred) => divergence(op, yTrue, op.Log(aboveZero(op, yPred))),
  fromLogits: (op, yTrue, logits) => divergence(op, yTrue, op.LogSoftmax(logits, { axis: -1 })),
  fits: (output, target) =>
    classesMisfit(output, target, 'kl_divergence', 'softmax') ?? distributionMisfit(output, 'kl_divergence'),
})

function divergence(op: Builder, yTrue: Any, logPredicted: Real): Real {
  const y = aboveZero(op, asFloats(op, yTrue, logPredicted))
  const terms = op.Mul(y, op.Sub(op.Log(y), logPredicted))
  return meanPerSample(op, op.ReduceSum(terms, op.ints([-1]), { keepdims: 0 }))
}

function aboveZero(op: Builder, x: Real): Real {
  return op.Clip(x, op.scalar(epsilon, x), op.scalar(1, x))
}
