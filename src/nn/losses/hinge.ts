/** Hinges: a right answer has to win by a margin of 1, and nothing is gained beyond it. */
import type { Builder } from '../../onnx/builder.ts'
import type { Any, Real } from '../../onnx/value.ts'
import { activationOf } from '../activations.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { asFloats, defineLoss, type LossOutput, meanPerSample } from './loss.ts'
import { classesMisfit, twoClassesMisfit } from './misfits.ts'

/** max(0, 1 - y·yPred) with y = -1 or 1; a truth of 0 is taken as -1. */
function margins(op: Builder, yTrue: Any, yPred: Real): Real {
  const y = asFloats(op, yTrue, yPred)
  const sign = op.Where(op.Equal(y, op.scalar(0, y)), op.scalar(-1, y), y)
  return op.Relu(op.Sub(op.scalar(1, y), op.Mul(sign, yPred)))
}

/** A margin above 0 is a yes, as a probability above 0.5 is: the sigmoid keeps the answer. */
const yesAbove0 = (_config: object, { activation }: Pick<LossOutput, 'activation'>) =>
  activationOf(activation).gives === 'probability' ? null : 'sigmoid'

/** mean(max(0, 1 - y·yPred)). @see https://keras.io/api/losses/hinge_losses/ */
export const hinge = defineLoss({
  config: Strict({ name: NameOf('hinge') }),
  targetKind: 'binary',
  perSample: (op, yTrue, yPred) => meanPerSample(op, margins(op, yTrue, yPred)),
  fits: (output, target) => twoClassesMisfit(output, target, 'hinge', 'tanh'),
  probabilities: yesAbove0,
})

/** mean(max(0, 1 - y·yPred)²). @see https://keras.io/api/losses/hinge_losses/ */
export const squaredHinge = defineLoss({
  config: Strict({ name: NameOf('squared_hinge') }),
  targetKind: 'binary',
  perSample: (op, yTrue, yPred) => {
    const margin = margins(op, yTrue, yPred)
    return meanPerSample(op, op.Mul(margin, margin))
  },
  fits: (output, target) => twoClassesMisfit(output, target, 'squared_hinge', 'tanh'),
  probabilities: yesAbove0,
})

/**
 * max(0, neg - pos + 1) with pos = Σ y·yPred and neg = max((1-y)·yPred) over the classes; yTrue one-hot.
 * @see https://keras.io/api/losses/hinge_losses/
 */
export const categoricalHinge = defineLoss({
  config: Strict({ name: NameOf('categorical_hinge') }),
  targetKind: 'one_hot',
  perSample: (op, yTrue, yPred) => {
    const y = asFloats(op, yTrue, yPred)
    const pos = op.ReduceSum(op.Mul(y, yPred), op.ints([-1]), { keepdims: 0 })
    const neg = op.ReduceMax(op.Mul(op.Sub(op.scalar(1, y), y), yPred), op.ints([-1]), { keepdims: 0 })
    return meanPerSample(op, op.Relu(op.Add(op.Sub(neg, pos), op.scalar(1, y))))
  },
  fits: (output, target) => classesMisfit(output, target, 'categorical_hinge', 'linear'),
  probabilities: scoresToShares,
})

/** The class of the highest score wins; softmax keeps it and makes shares of the scores. */
function scoresToShares(_config: object, { activation }: Pick<LossOutput, 'activation'>): 'softmax' | null {
  return activationOf(activation).gives === 'distribution' ? null : 'softmax'
}
