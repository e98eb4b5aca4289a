/** A model becomes a graph: the formulas of its layers one after the other, in training or inference mode. */
import type { Builder } from '../onnx/builder.ts'
import type { Real } from '../onnx/value.ts'
import { activationOf } from './activations.ts'
import { layerOf } from './layers/index.ts'
import type { CallContext, LayerConfig } from './layers/layer.ts'
import type { BuiltLayer, Model } from './model.ts'
import { entryOf, type Given, resolveNamed } from './named.ts'
import { regularizers } from './regularizers/index.ts'

export interface CalledModel {
  /** One value per output of the model, [batch, …shape]. */
  readonly outputs: readonly Real[]
  /** Per output, what its activation was applied to, where a loss can be computed from it (softmax, sigmoid); else null. */
  readonly logits: readonly (Real | null)[]
  /** Scalars to add to the loss: regularizers of trainable weights, and of activities divided by the batch size. */
  readonly penalties: readonly Real[]
}

/**
 * The graph of a model. `weights` holds a value per weight name, `[…shape]`.
 * Random numbers come from `context.uniform`, so that the caller decides how they are drawn.
 */
export function callModel(
  op: Builder,
  model: Model,
  inputs: readonly Real[],
  weights: Readonly<Record<string, Real>>,
  context: CallContext,
): CalledModel {
  const find = (name: string) => (Object.hasOwn(weights, name) ? weights[name] : undefined)
  const called = new Map<string, CalledLayer>()
  model.inputs.forEach(({ name }, i) => {
    const y = inputs[i]
    if (!y) throw new Error(`the model's input ${name} was not given`)
    called.set(name, { y, logits: null, penalties: [] })
  })
  for (const layer of model.layers) {
    if (called.has(layer.name)) continue
    const [source] = layer.inputs.map((name) => called.get(name)?.y)
    if (!source) throw new Error(`nothing feeds the layer ${layer.name}`)
    called.set(layer.name, callLayer(op.named(layer.name), layer, source, find, context))
  }
  const results = model.outputs.map(({ name }) => called.get(name) as CalledLayer) // every layer was called above
  return {
    outputs: results.map(({ y }) => y),
    logits: results.map(({ logits }) => logits),
    penalties: [...weightPenalties(op, model, find), ...[...called.values()].flatMap(({ penalties }) => penalties)],
  }
}

interface CalledLayer {
  readonly y: Real
  readonly logits: Real | null
  readonly penalties: readonly Real[]
}

type FindWeight = (name: string) => Real | undefined

/** One layer's formula, its activation and its activity's penalty. */
export function callLayer(
  op: Builder,
  built: BuiltLayer,
  x: Real,
  find: FindWeight,
  context: CallContext,
): CalledLayer {
  const layer = layerOf(built.type)
  const weights: Record<string, Real | null> = {}
  for (const [short, weight] of built.weights) weights[short] = weight && needWeight(find, weight.name)
  const before = layer.call(op, x, weights, built.config, { ...context, layerName: built.name })
  const activation = activationOf(layer.activation?.(built.config) ?? 'linear')
  const y = activation.apply(op, before)
  return { y, logits: activation.hasLogits ? before : null, penalties: activityPenalty(op, y, built.config) }
}

function needWeight(find: FindWeight, name: string): Real {
  const weight = find(name)
  if (!weight) throw new Error(`the weight ${name} was not given`)
  return weight
}

/** Keras 3 divides the penalty of an activity by the batch size, so that it does not grow with it. */
function activityPenalty(op: Builder, y: Real, config: LayerConfig): Real[] {
  const given = (config as { activity_regularizer?: Given | null }).activity_regularizer ?? null
  if (given === null) return []
  const regularizer = resolveNamed(regularizers, given)
  const penalty = entryOf(regularizers, regularizer).penalty(op, y, regularizer)
  const batch = op.Cast(op.Squeeze(op.Shape(y, { start: 0, end: 1 }), op.ints([0])), { to: y.type })
  return [op.Div(penalty, batch)]
}

/** Weights that are not trained carry no penalty, as in Keras. */
function weightPenalties(op: Builder, { weights }: Model, find: FindWeight): Real[] {
  return weights.flatMap(({ name, regularizer, trainable }) =>
    regularizer && trainable
      ? [entryOf(regularizers, regularizer).penalty(op, needWeight(find, name), regularizer)]
      : [],
  )
}
