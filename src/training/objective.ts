/**
 * What a step minimizes, in one of two forms. The general one computes the loss in the body of the Scan and starts the
 * backward walk at it. Where the loss knows its gradient at the logits, the body starts there, and the loss itself is
 * computed once for all steps of the run, after the Scan, from the logits that leave it (10 tiny nodes fewer in a step).
 */
import { activationOf } from '../nn/activations.ts'
import { lossOf } from '../nn/losses/index.ts'
import type { Loss } from '../nn/losses/loss.ts'
import type { CalledModel } from '../nn/lower.ts'
import type { NamedConfig } from '../nn/named.ts'
import type { Builder } from '../onnx/builder.ts'
import type { Any, Real, Value } from '../onnx/value.ts'
import type { ProgramOutput } from './learned-outputs.ts'
import { modelLoss, outputLoss, penaltyOf, prediction } from './model-graph.ts'
import type { ProgramSpec } from './program.ts'

export interface Objective {
  /** Where the backward walk starts: values and their cotangents. */
  readonly cotangents: readonly (readonly [y: Value, dy: Real])[]
  /** What leaves the body at each step. */
  readonly emitted: readonly Value[]
  /** From the sequences of what was emitted to the program's outputs: `losses` [steps], then `predictions`. */
  finish(outer: Builder, sequences: readonly Value[]): Value[]
}

export interface ObjectiveInputs {
  /** The batch's targets. */
  readonly y: Any
  /** Those of the other outputs, where several are learned. */
  readonly otherTargets: readonly Any[]
  /** Those of all steps, [steps, batch, …], where they were gathered before the Scan. */
  readonly targets: Value | null
  /** The weight of each row in the loss: the batch's [batch], and those of all steps [steps, batch]; null where all weigh 1. */
  readonly weighting: { readonly now: Real; readonly all: Real } | null
  readonly inverseBatch: Real
}

/** The objective of a called model. */
export function objectiveOf(op: Builder, spec: ProgramSpec, called: CalledModel, inputs: ObjectiveInputs): Objective {
  if (spec.outputs) return atLosses(op, spec, spec.outputs, called, inputs)
  return atLogits(op, spec, called, inputs) ?? atLoss(op, spec, called, inputs)
}

function atLoss(op: Builder, spec: ProgramSpec, called: CalledModel, inputs: ObjectiveInputs): Objective {
  const { y, weighting, inverseBatch } = inputs
  const loss = lossOf(spec.loss)
  const { perSample, penalty } = modelLoss(op, loss, spec.loss, called, y)
  const weighted = weighting ? op.Mul(perSample, weighting.now) : perSample
  const data = op.Mul(op.ReduceSum(weighted, null, { keepdims: 0 }), inverseBatch)
  const total = penalty ? op.Add(data, penalty) : data
  return {
    cotangents: [[total, op.scalar(1, total)]],
    emitted: [total, ...(spec.withPredictions ? [prediction(op, spec, called)] : [])],
    finish: (_outer, sequences) => [...sequences],
  }
}

/** Σ loss weight · loss of each output, plus the penalties once. */
function atLosses(
  op: Builder,
  spec: ProgramSpec,
  outputs: readonly ProgramOutput[],
  called: CalledModel,
  { y, otherTargets, weighting, inverseBatch }: ObjectiveInputs,
): Objective {
  const truths = [y, ...otherTargets]
  const losses = outputs.map(({ loss }, i) => {
    const perSample = outputLoss(op, lossOf(loss), loss, called, truths[i] as Any, i)
    const weighted = weighting ? op.Mul(perSample, weighting.now) : perSample
    return op.Mul(op.ReduceSum(weighted, null, { keepdims: 0 }), inverseBatch)
  })
  const penalty = penaltyOf(op, called)
  const shares = losses.map((loss, i) => op.Mul(loss, op.scalar(outputs[i]?.lossWeight ?? 1, loss)))
  const total = [...shares, ...(penalty ? [penalty] : [])].reduce((sum, share) => op.Add(sum, share))
  const { model } = spec
  const predictions = spec.withPredictions
    ? outputs.map(({ loss }, i) => prediction(op, { model, loss }, called, i))
    : []
  return {
    cotangents: [[total, op.scalar(1, total)]],
    emitted: [total, ...losses, ...predictions],
    finish: (_outer, sequences) => [...sequences],
  }
}

/** Null where the model has no logits or masks steps, the loss no gradient at them, or the targets are not at hand after the Scan. */
function atLogits(
  op: Builder,
  spec: ProgramSpec,
  called: CalledModel,
  { y, targets, weighting, inverseBatch }: ObjectiveInputs,
): Objective | null {
  const loss = lossOf(spec.loss)
  const { fromLogits, logitsGradient } = loss
  const logits = called.logits[0] ?? null
  if (!logits || called.masks[0] || !fromLogits || !logitsGradient || !targets) return null
  const slope = logitsGradient(op, y, logits, spec.loss)
  const scale = weighting ? perRow(op, op.Mul(weighting.now, inverseBatch), slope) : inverseBatch
  const gradient = op.Mul(slope, scale)
  const penalty = penaltyOf(op, called)
  return {
    cotangents: [[logits, gradient], ...(penalty ? [[penalty, op.scalar(1, penalty)] as const] : [])],
    emitted: [logits, ...(penalty ? [penalty] : [])],
    finish: (outer, [allLogits, penalties]) => {
      // a step takes the place of a sample here, so that the mean over the rest is the batch's
      const means = weighting
        ? weightedMeans(outer, loss, spec.loss, { targets, logits: allLogits as Real, weights: weighting.all })
        : fromLogits(outer, targets, allLogits as Real, spec.loss)
      const losses = penalties ? outer.Add(means, penalties as Real) : means
      if (!spec.withPredictions) return [losses]
      const { activation } = spec.model.outputs[0] ?? { activation: 'linear' as const }
      return [losses, activationOf(activation).apply(outer, allLogits as Real)]
    },
  }
}

/** One number per row [batch], in a form that multiplies values of the shape of `like` row by row. */
function perRow(op: Builder, numbers: Real, like: Real): Real {
  return op.Reshape(numbers, op.ints([-1, ...like.shape.slice(1).map(() => 1)]))
}

/** The mean of weight · loss over each batch, [steps]; divided by the rows and not by the weights, as Keras does. */
function weightedMeans(
  op: Builder,
  { fromLogits }: Loss,
  config: NamedConfig,
  { targets, logits, weights }: { targets: Value; logits: Real; weights: Real },
): Real {
  const oneAfterTheOther = <T extends Any>(x: T): T => op.Reshape(x, op.ints([-1, ...x.shape.slice(2).map(Number)]))
  const perSample = fromLogits?.(op, oneAfterTheOther(targets as Any), oneAfterTheOther(logits), config)
  if (!perSample) throw new Error(`${config.name} is not computed from logits`)
  const perStep = op.Reshape(perSample, op.Shape(weights, {}))
  return op.ReduceMean(op.Mul(perStep, weights), op.ints([1]), { keepdims: 0 })
}
