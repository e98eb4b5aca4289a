/** What the training program and the evaluation program share: weights out of their groups, and the loss of a called model. */

import { activationOf } from '../nn/activations.ts'
import { lossOf } from '../nn/losses/index.ts'
import type { Loss, TargetKind } from '../nn/losses/loss.ts'
import type { CalledModel } from '../nn/lower.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import type { Builder } from '../onnx/builder.ts'
import type { Any, Bool, Real } from '../onnx/value.ts'
import type { Group } from './layout.ts'

/** How one row of the target is fed: its element type and shape. */
export interface TargetForm {
  readonly type: 'float32' | 'int32'
  readonly shape: readonly number[]
}

/** The form in which targets of a kind are fed, for a model whose output has this shape. */
export function targetForm(kind: TargetKind, outputShape: readonly number[]): TargetForm {
  return kind === 'class_index'
    ? { type: 'int32', shape: outputShape.slice(0, -1) }
    : { type: 'float32', shape: outputShape }
}

/** The name under which programs take the model's input of this place: `x`, `x_1`, `x_2`, … */
export function inputFeed(place: number): string {
  return place === 0 ? 'x' : `x_${place}`
}

/** The name under which programs take the target of the output of this place: `y`, `y_1`, `y_2`, … */
export function targetFeed(place: number): string {
  return place === 0 ? 'y' : `y_${place}`
}

/** The weights of a group's vector [1, size], each in its shape, by name. */
export function unpackGroup(op: Builder, { members }: Group, vector: Real): Record<string, Real> {
  const sizes = members.map(({ size }) => size)
  const parts = members.length === 1 ? [vector] : op.Split(vector, op.ints(sizes), { axis: 1 })
  return Object.fromEntries(members.map(({ name, shape }, i) => [name, op.Reshape(parts[i] as Real, op.ints(shape))]))
}

/**
 * The loss of each sample, [batch], and the scalar that regularizers add (null where there are none). Where steps of the
 * output are masked, the mean of the samples is the mean over the real steps of the batch, as in Keras 3: long sequences
 * count for more than short ones. Over several batches it is the mean over all of their real steps (epoch-losses.ts), where
 * Keras takes the mean of the batches, weighted by their rows.
 */
export function modelLoss(
  op: Builder,
  loss: Loss,
  config: NamedConfig,
  called: CalledModel,
  yTrue: Any,
): { perSample: Real; penalty: Real | null } {
  return { perSample: outputLoss(op, loss, config, called, yTrue), penalty: penaltyOf(op, called) }
}

/** The loss of each sample at the output of this place, [batch], as `modelLoss` says. */
export function outputLoss(
  op: Builder,
  loss: Loss,
  config: NamedConfig,
  called: CalledModel,
  yTrue: Any,
  place = 0,
): Real {
  const output = called.outputs[place] as Real
  const [logit, mask] = [called.logits[place] ?? null, called.masks[place] ?? null]
  const of = (truth: Any, fold: (x: Real) => Real) =>
    logit && loss.fromLogits
      ? loss.fromLogits(op, truth, fold(logit), config)
      : loss.perSample(op, truth, fold(output), config)
  return mask ? maskedLoss(op, of, yTrue, mask) : of(yTrue, (x) => x)
}

/** Each step is a sample of its own; those of a row are added, in such a measure that the mean comes out right. */
function maskedLoss(op: Builder, of: (truth: Any, fold: (x: Real) => Real) => Real, yTrue: Any, mask: Bool): Real {
  const axes = mask.shape.map((_, axis) => axis)
  const fold = <V extends Any>(x: V): V => op.Reshape(x, op.ints([-1, ...x.shape.slice(axes.length).map(Number)]))
  const perStep = of(fold(yTrue), fold)
  const real = op.Cast(mask, { to: perStep.type })
  const losses = op.Mul(op.Reshape(perStep, op.Shape(mask, {})), real)
  const batch = op.Cast(op.Squeeze(op.Shape(mask, { start: 0, end: 1 }), op.ints([0])), { to: perStep.type })
  const count = op.ReduceSum(real, null, { keepdims: 0 })
  const share = op.Div(batch, op.Max([count, op.scalar(1, count)])) // a batch without a real step has no loss
  return op.Mul(op.ReduceSum(losses, op.ints(axes.slice(1)), { keepdims: 0 }), share)
}

/** The sum of what regularizers add to the loss; null where there are none. */
export function penaltyOf(op: Builder, { penalties }: CalledModel): Real | null {
  const [first, ...rest] = penalties
  return first ? rest.reduce((sum, penalty) => op.Add(sum, penalty), first) : null
}

/** The model's output of a place, the first, as metrics and answers read it: logits (`from_logits`) become probabilities. */
export function prediction(
  op: Builder,
  { model, loss }: { readonly model: Pick<Model, 'outputs'>; readonly loss: NamedConfig },
  { outputs }: CalledModel,
  place = 0,
): Real {
  const output = outputs[place] as Real
  const built = model.outputs[place]
  const activation = (built && lossOf(loss).probabilities?.(loss, built)) ?? null
  return activation ? activationOf(activation).apply(op, output) : op.Identity(output)
}
