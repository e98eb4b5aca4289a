/** Cosine similarity as a loss: -1 where truth and prediction point the same way, 1 where they point apart. */
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { asFloats, defineLoss, meanPerSample } from './loss.ts'
import { classesMisfit, distributionMisfit } from './misfits.ts'

/** Below this, a square of a length counts as this (Keras' normalize). */
const smallestSquare = 1e-12

/**
 * -Σ yTrue·yPred / (|yTrue|·|yPred|) over the last axis; 0 where one of them is 0. yTrue one-hot, or any vectors.
 * @see https://keras.io/api/losses/regression_losses/
 */
export const cosineSimilarity = defineLoss({
  config: Strict({ name: NameOf('cosine_similarity') }),
  targetKind: 'one_hot',
  perSample: (op, yTrue, yPred) => {
    const product = op.Mul(unit(op, asFloats(op, yTrue, yPred)), unit(op, yPred))
    return meanPerSample(op, op.Neg(op.ReduceSum(product, op.ints([-1]), { keepdims: 0 })))
  },
  anyVectors: true,
  fits: (output, target) =>
    classesMisfit(output, target, 'cosine_similarity', 'softmax') ?? distributionMisfit(output, 'cosine_similarity'),
})

/** A vector of length 1 in the same direction. */
function unit(op: Builder, x: Real): Real {
  const square = op.ReduceSum(op.Mul(x, x), op.ints([-1]), { keepdims: 1 })
  return op.Div(x, op.Sqrt(op.Max([square, op.scalar(smallestSquare, square)])))
}
