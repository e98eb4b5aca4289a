/**
 * What a step minimizes. Each output has its part, in one of two forms. The general one computes the loss in the body of the
 * Scan and starts the backward walk at it. Where the loss knows its gradient at the logits, the body starts there, and the
 * loss itself is computed once for all steps of the run, after the Scan, from the logits that leave it (10 tiny nodes fewer
 * in a step).
 */
import { activationOf } from '../nn/activations.ts'
import { lossOf } from '../nn/losses/index.ts'
import type { Loss } from '../nn/losses/loss.ts'
import type { CalledModel } from '../nn/lower.ts'
import type { NamedConfig } from '../nn/named.ts'
import type { Builder } from '../onnx/builder.ts'
import type { Any, Real, Value } from '../onnx/value.ts'
import { outputsOf, type ProgramOutput } from './learned-outputs.ts'
import { modelLoss, outputLoss, penaltyOf, prediction } from './model-graph.ts'
import type { ProgramSpec } from './program.ts'
import type { ResultName } from './results.ts'

export interface Objective {
  /** Where the backward walk starts: values and their cotangents. */
  readonly cotangents: readonly Cotangent[]
  /** What leaves the body at each step. */
  readonly emitted: readonly Value[]
  /** From the sequences of what was emitted to the program's outputs, each with what it is. */
  finish(outer: Builder, sequences: readonly Value[]): readonly Result[]
}

type Cotangent = readonly [y: Value, dy: Real]
type Result = readonly [name: ResultName, value: Value]

export interface ObjectiveInputs {
  /** The targets of each output. */
  readonly truths: readonly Truth[]
  /** The weight of each row in the loss: the batch's [batch], and those of all steps [steps, batch]; null where all weigh 1. */
  readonly weighting: { readonly now: Real; readonly all: Real } | null
  readonly inverseBatch: Real
}

export interface Truth {
  /** The batch's. */
  readonly y: Any
  /** Those of all steps, [steps, batch, …], where they were gathered before the Scan. */
  readonly targets: Value | null
}

/** The objective of a called model. */
export function objectiveOf(op: Builder, spec: ProgramSpec, called: CalledModel, inputs: ObjectiveInputs): Objective {
  const outputs = outputsOf(spec)
  const isMasked = called.masks.some((mask) => mask !== null)
  const parts = outputs.map((output, place): Part | null => atLogits(op, spec, { called, inputs, output, place }))
  const known = parts.filter((part) => part !== null)
  const isOne = !spec.outputs && !isMasked
  if (isOne && known.length === 0) return atTotal(op, spec, called, inputs)
  const all = outputs.map((output, place) => parts[place] ?? atLoss(op, spec, { called, inputs, output, place }))
  return sumOf(op, all, { penalty: penaltyOf(op, called), isOne, isMasked })
}

/** The only output of a model without masks, where the whole loss is computed in the body. */
function atTotal(op: Builder, spec: ProgramSpec, called: CalledModel, inputs: ObjectiveInputs): Objective {
  const { truths, weighting, inverseBatch } = inputs
  const loss = lossOf(spec.loss)
  const { perSample, penalty } = modelLoss(op, loss, spec.loss, called, (truths[0] as Truth).y)
  const weighted = weighting ? op.Mul(perSample, weighting.now) : perSample
  const data = op.Mul(op.ReduceSum(weighted, null, { keepdims: 0 }), inverseBatch)
  const total = penalty ? op.Add(data, penalty) : data
  return {
    cotangents: [[total, op.scalar(1, total)]],
    emitted: [total, ...(spec.withPredictions ? [prediction(op, spec, called)] : [])],
    finish: (_outer, [losses, predictions]) => [
      ['losses', losses as Value],
      ...(predictions ? [['predictions:0', predictions] as const] : []),
    ],
  }
}

/** One output's share of the objective. */
interface Part {
  readonly lossWeight: number
  readonly cotangent: Cotangent
  readonly emitted: readonly Value[]
  finish(
    outer: Builder,
    sequences: readonly Value[],
  ): { readonly losses: Real; readonly mask: Value | null; predictions(): Value | null }
}

interface PartInputs {
  readonly called: CalledModel
  readonly inputs: ObjectiveInputs
  readonly output: ProgramOutput
  readonly place: number
}

/** The mean of one output's loss over the batch, in the body. */
function atLoss(op: Builder, { model, withPredictions }: ProgramSpec, given: PartInputs): Part {
  const { called, inputs, output, place } = given
  const { weighting, inverseBatch } = inputs
  const { loss, lossWeight } = output
  const { y } = inputs.truths[place] as Truth
  const perSample = outputLoss(op, lossOf(loss), loss, called, y, place)
  const weighted = weighting ? op.Mul(perSample, weighting.now) : perSample
  const data = op.Mul(op.ReduceSum(weighted, null, { keepdims: 0 }), inverseBatch)
  const predicted = withPredictions ? prediction(op, { model, loss }, called, place) : null
  const mask = called.masks[place] ?? null
  const real = mask && op.Cast(mask, { to: 'float32' })
  return {
    lossWeight,
    cotangent: [data, op.scalar(lossWeight, data)],
    emitted: [data, predicted, real].filter((value) => value !== null),
    finish: (_outer, [losses, ...others]) => ({
      losses: losses as Real,
      mask: real && (others.at(-1) as Value),
      predictions: () => predicted && (others[0] as Value),
    }),
  }
}

/** Null where the output has no logits or masks steps, the loss no gradient at them, or the targets are not at hand after the Scan. */
function atLogits(op: Builder, { model, withPredictions }: ProgramSpec, given: PartInputs): Part | null {
  const { called, inputs, output, place } = given
  const { weighting, inverseBatch } = inputs
  const { loss: config, lossWeight } = output
  const { y, targets } = inputs.truths[place] as Truth
  const loss = lossOf(config)
  const { fromLogits, logitsGradient } = loss
  const logits = called.logits[place] ?? null
  if (!logits || called.masks[place] || !fromLogits || !logitsGradient || !targets) return null
  const slope = logitsGradient(op, y, logits, config)
  const scale = weighting ? perRow(op, op.Mul(weighting.now, inverseBatch), slope) : inverseBatch
  const gradient = op.Mul(slope, times(op, scale, lossWeight))
  return {
    lossWeight,
    cotangent: [logits, gradient],
    emitted: [logits],
    finish: (outer, [sequence]) => {
      const all = sequence as Real
      // a step takes the place of a sample here, so that the mean over the rest is the batch's
      const losses = weighting
        ? weightedMeans(outer, loss, config, { targets, logits: all, weights: weighting.all })
        : fromLogits(outer, targets, all, config)
      const activation = activationOf(model.outputs[place]?.activation ?? 'linear')
      return { losses, mask: null, predictions: () => (withPredictions ? activation.apply(outer, all) : null) }
    },
  }
}

interface Summing {
  readonly penalty: Real | null
  /** One output is learned and none of its steps masked: its loss is that of the step. */
  readonly isOne: boolean
  readonly isMasked: boolean
}

/** Σ loss weight · loss of each output, plus the penalties once. */
function sumOf(op: Builder, parts: readonly Part[], { penalty, isOne, isMasked }: Summing): Objective {
  return {
    cotangents: [
      ...parts.map(({ cotangent }) => cotangent),
      ...(penalty ? [[penalty, op.scalar(1, penalty)] as const] : []),
    ],
    emitted: [...parts.flatMap(({ emitted }) => emitted), ...(penalty ? [penalty] : [])],
    finish: (outer, sequences) => {
      const left = [...sequences]
      const done = parts.map((part) => part.finish(outer, left.splice(0, part.emitted.length)))
      const [penalties] = left as (Real | undefined)[]
      const shares = done.map(({ losses }, i) => times(outer, losses, parts[i]?.lossWeight ?? 1))
      const total = [...shares, ...(penalties ? [penalties] : [])].reduce((sum, share) => outer.Add(sum, share))
      return [
        ['losses', total] as const,
        // the loss of the step may be that of its only output: an output of the program is a value of its own
        ...(isOne ? [] : done.map(({ losses }, i) => [`losses:${i}`, outer.Identity(losses)] as const)),
        ...done.flatMap(({ predictions }, i) => {
          const predicted = predictions()
          return predicted ? [[`predictions:${i}`, predicted] as const] : []
        }),
        ...done.flatMap(({ mask }, i) => (mask ? [[`mask:${i}`, mask] as const] : [])),
        ...(isMasked && penalties ? [['penalties', penalties] as const] : []),
      ]
    },
  }
}

/** A weight of 1 is no node. */
function times(op: Builder, x: Real, weight: number): Real {
  return weight === 1 ? x : op.Mul(x, op.scalar(weight, x))
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
