/**
 * Focal crossentropy: crossentropy that counts less where the answer is right already, (1 - p)^gamma times as much.
 * @see Lin et al. 2017, https://arxiv.org/abs/1708.02002
 */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Any, Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { NonNegative, Strict, Switch } from '../strict.ts'
import { FromLogits, logitsMisfit } from './from-logits.ts'
import { LabelSmoothing, type SmoothedConfig, smoothed } from './label-smoothing.ts'
import { asFloats, clipped, clippedLog, defineLoss, meanPerSample } from './loss.ts'
import { classesMisfit, twoClassesMisfit } from './misfits.ts'

const Gamma = Type.Number({ ...NonNegative, default: 2, description: '0 is plain crossentropy' })

/** A power of 0 has no slope for gamma below 1; nothing is lost above this. */
const smallestDistance = 1e-12

interface BinaryConfig extends SmoothedConfig {
  readonly apply_class_balancing: boolean
  readonly alpha: number
  readonly gamma: number
}

/**
 * mean((1 - p_t)^gamma · crossentropy), p_t = y·p + (1-y)·(1-p); balanced, times alpha for a yes and 1 - alpha for a no.
 * yTrue 0 or 1, one output per label.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const binaryFocalCrossentropy = defineLoss<BinaryConfig>({
  config: Strict({
    name: NameOf('binary_focal_crossentropy'),
    apply_class_balancing: Switch(false, 'Weigh a yes with alpha and a no with 1 - alpha'),
    alpha: Type.Number({ minimum: 0, maximum: 1, default: 0.25 }),
    gamma: Gamma,
    from_logits: FromLogits,
    label_smoothing: LabelSmoothing,
  }),
  targetKind: 'binary',
  perSample: (op, yTrue, yPred, config) => {
    if (config.from_logits) return binaryOfLogits(op, yTrue, yPred, config)
    const no = op.Sub(op.scalar(1, yPred), yPred)
    const costs = { yes: op.Neg(clippedLog(op, yPred)), no: op.Neg(clippedLog(op, no)) }
    return binaryFocal(op, yTrue, yPred, costs, config)
  },
  fromLogits: binaryOfLogits,
  fits: (output, target, { from_logits }) =>
    twoClassesMisfit(output, target, 'binary_focal_crossentropy', 'sigmoid') ??
    logitsMisfit(output, from_logits, 'sigmoid'),
  probabilities: ({ from_logits }) => (from_logits ? 'sigmoid' : null),
})

function binaryOfLogits(op: Builder, yTrue: Any, logits: Real, config: BinaryConfig): Real {
  const costs = { yes: op.Softplus(op.Neg(logits)), no: op.Softplus(logits) }
  return binaryFocal(op, yTrue, op.Sigmoid(logits), costs, config)
}

function binaryFocal(
  op: Builder,
  yTrue: Any,
  p: Real,
  costs: { readonly yes: Real; readonly no: Real },
  { apply_class_balancing, alpha, gamma, label_smoothing }: BinaryConfig,
): Real {
  const y = smoothed(op, asFloats(op, yTrue, p), label_smoothing, 0.5)
  const one = op.scalar(1, p)
  const either = (yes: Real, no: Real) => op.Add(op.Mul(y, yes), op.Mul(op.Sub(one, y), no))
  const distance = either(op.Sub(one, p), p) // 1 - p_t
  const focal = op.Mul(power(op, distance, gamma), either(costs.yes, costs.no))
  const balance = () => either(op.scalar(alpha, p), op.scalar(1 - alpha, p))
  return meanPerSample(op, apply_class_balancing ? op.Mul(balance(), focal) : focal)
}

interface CategoricalConfig extends SmoothedConfig {
  readonly alpha: number
  readonly gamma: number
}

/**
 * -Σ alpha · (1 - p)^gamma · y·log p over the classes; yTrue one-hot. Probabilities are divided by their sum first.
 * @see https://keras.io/api/losses/probabilistic_losses/
 */
export const categoricalFocalCrossentropy = defineLoss<CategoricalConfig>({
  config: Strict({
    name: NameOf('categorical_focal_crossentropy'),
    alpha: Type.Number({ ...NonNegative, default: 0.25 }),
    gamma: Gamma,
    from_logits: FromLogits,
    label_smoothing: LabelSmoothing,
  }),
  targetKind: 'one_hot',
  perSample: (op, yTrue, yPred, config) => {
    if (config.from_logits) return categoricalOfLogits(op, yTrue, yPred, config)
    const sum = op.ReduceSum(yPred, op.ints([-1]), { keepdims: 1 })
    const p = clipped(op, op.Div(yPred, sum))
    return categoricalFocal(op, yTrue, p, op.Log(p), config)
  },
  fromLogits: categoricalOfLogits,
  fits: (output, target, { from_logits }) =>
    classesMisfit(output, target, 'categorical_focal_crossentropy', 'softmax') ??
    logitsMisfit(output, from_logits, 'softmax'),
  probabilities: ({ from_logits }) => (from_logits ? 'softmax' : null),
})

function categoricalOfLogits(op: Builder, yTrue: Any, logits: Real, config: CategoricalConfig): Real {
  return categoricalFocal(op, yTrue, op.Softmax(logits, { axis: -1 }), op.LogSoftmax(logits, { axis: -1 }), config)
}

function categoricalFocal(op: Builder, yTrue: Any, p: Real, logP: Real, config: CategoricalConfig): Real {
  const { alpha, gamma, label_smoothing } = config
  const y = smoothed(op, asFloats(op, yTrue, p), label_smoothing, 1 / Number(p.shape.at(-1)))
  const factor = op.Mul(power(op, op.Sub(op.scalar(1, p), p), gamma), op.scalar(-alpha, p))
  const terms = op.Mul(factor, op.Mul(y, logP))
  return meanPerSample(op, op.ReduceSum(terms, op.ints([-1]), { keepdims: 0 }))
}

function power(op: Builder, distance: Real, gamma: number): Real {
  const above = op.Max([distance, op.scalar(smallestDistance, distance)])
  return op.Pow(above, op.scalar(gamma, distance))
}
