/** A model becomes a graph: the formulas of its layers one after the other, in training or inference mode. */
import type { Builder } from '../onnx/builder.ts'
import type { Real } from '../onnx/value.ts'
import { activationOf } from './activations.ts'
import { channelsFirst, channelsLast, type LaidOut } from './laid-out.ts'
import { layerOf } from './layers/index.ts'
import type { CallContext, Layer, LayerConfig, LayerContext, Mask } from './layers/layer.ts'
import type { BuiltLayer, Model } from './model.ts'
import { entryOf, type Given, resolveNamed } from './named.ts'
import { regularizers } from './regularizers/index.ts'

export interface CalledModel {
  /** One value per output of the model, [batch, …shape]. */
  readonly outputs: readonly Real[]
  /** Per output, what its activation was applied to, where a loss can be computed from it (softmax, sigmoid); else null. */
  readonly logits: readonly (Real | null)[]
  /** Per output, which of its steps are real; null where all are. */
  readonly masks: readonly Mask[]
  /** Scalars to add to the loss: regularizers of trainable weights, and of activities divided by the batch size. */
  readonly penalties: readonly Real[]
  /** The next values of state weights (moving statistics) by name; empty in inference mode. */
  readonly updates: ReadonlyMap<string, Real>
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
  for (const [i, { name }] of model.inputs.entries()) {
    const y = inputs[i]
    if (!y) throw new Error(`the model's input ${name} was not given`)
    called.set(name, { outputs: [channelsLast(op, y)], masks: [], logits: null, penalties: [], updates: [] })
  }
  for (const layer of model.layers) {
    if (called.has(layer.name)) continue
    const given = layer.sources.map((source) => outputOf(called, source))
    called.set(layer.name, callLayer(op.named(layer.name), layer, given, find, context))
  }
  const results = model.outputs.map(({ source }) => ({
    ...outputOf(called, source),
    source,
    from: called.get(source.layer),
  }))
  const all = [...called.values()]
  return {
    outputs: results.map(({ value }) => value.last()),
    logits: results.map(({ from, source }) => (source.output === 0 ? (from?.logits?.last() ?? null) : null)),
    masks: results.map(({ mask }) => mask),
    penalties: [...weightPenalties(op, model, find), ...all.flatMap(({ penalties }) => penalties)],
    updates: new Map(all.flatMap(({ updates }) => updates)),
  }
}

/** A value on its way from one layer to the next. */
export interface Passed {
  readonly value: LaidOut
  readonly mask: Mask
}

function outputOf(
  called: ReadonlyMap<string, CalledLayer>,
  { layer, output }: { layer: string; output: number },
): Passed {
  const from = called.get(layer)
  const value = from?.outputs[output]
  if (!from || !value) throw new Error(`nothing gives output ${output} of ${layer}`)
  return { value, mask: from.masks[output] ?? null }
}

interface CalledLayer {
  readonly outputs: readonly LaidOut[]
  /** Of the outputs; those that are missing have none. */
  readonly masks: readonly Mask[]
  readonly logits: LaidOut | null
  readonly penalties: readonly Real[]
  readonly updates: readonly (readonly [weight: string, value: Real])[]
}

type FindWeight = (name: string) => Real | undefined

/** One layer's formula, its activation and its activity's penalty. */
export function callLayer(
  op: Builder,
  built: BuiltLayer,
  given: readonly Passed[],
  find: FindWeight,
  context: CallContext,
): CalledLayer {
  const layer = layerOf(built.type)
  const weights: Record<string, Real | null> = {}
  for (const [short, weight] of built.weights) weights[short] = weight && needWeight(find, weight.name)
  const updates: [string, Real][] = []
  const assign = (short: string, value: Real) => {
    const weight = built.weights.get(short)
    if (weight) updates.push([weight.name, value])
  }
  const penalties: Real[] = []
  const { values, channelAxis, lastAxis, wrap } = laidOutFor(layer, built.config, given)
  const layerContext: LayerContext = {
    ...context,
    layerName: built.name,
    inputs: values,
    masks: given.map(({ mask }) => mask),
    channelAxis,
    assign,
    penalize: (activity, regularizer) => void penalties.push(activityPenalty(op, activity, regularizer)),
    callInner: (inner, x, innerWeights, changes, within = op) =>
      callInner(within, inner, x, innerWeights, { ...layerContext, ...changes }),
  }
  const x = values[0] as Real // every layer that is called takes one input at least
  const applied = applyFormula(op, layer, built.config, x, weights, layerContext, lastAxis)
  const regularizer = activityRegularizer(built.config)
  if (regularizer !== null) for (const output of applied.outputs) layerContext.penalize(output, regularizer)
  return {
    outputs: applied.outputs.map((value) => wrap(op, value)),
    masks: masksAfter(op, layer, built.config, given, applied.outputs),
    logits: applied.logits && wrap(op, applied.logits),
    penalties,
    updates,
  }
}

/** A wrapped layer's formula, channels last in and out whatever the layer works in. */
function callInner(
  op: Builder,
  inner: LayerConfig,
  x: Real,
  weights: Readonly<Record<string, Real | null>>,
  context: LayerContext,
): readonly Real[] {
  const layer = layerOf(inner.type)
  const { values, channelAxis, lastAxis, wrap } = laidOutFor(layer, inner, [{ value: channelsLast(op, x), mask: null }])
  const own: LayerContext = { ...context, inputs: values, channelAxis }
  const { outputs } = applyFormula(op, layer, inner, values[0] as Real, weights, own, lastAxis)
  return outputs.map((value) => wrap(op, value).last())
}

/** The inputs of a layer in the layout that it works in. */
interface Working extends Pick<LayerContext, 'channelAxis'> {
  readonly values: readonly Real[]
  /** Where the last axis of the definition stands. */
  readonly lastAxis: 1 | -1
  /** What the layer gives, with its layout. */
  readonly wrap: (op: Builder, x: Real) => LaidOut
}

function laidOutFor(layer: Layer, config: LayerConfig, given: readonly Passed[]): Working {
  const { data_format } = config as { data_format?: string | null } // only layers over places have it
  const asDefined = () => given.map(({ value }) => value.last())
  if (layer.layout !== undefined && data_format === 'channels_first') {
    return { values: asDefined(), channelAxis: 1, lastAxis: -1, wrap: channelsLast }
  }
  const keep = layer.layout === 'any' && given.every(({ value }) => value.made === 'first')
  if (layer.layout !== 'channels_first' && !keep) {
    return { values: asDefined(), channelAxis: -1, lastAxis: -1, wrap: channelsLast }
  }
  return { values: given.map(({ value }) => value.first()), channelAxis: 1, lastAxis: 1, wrap: channelsFirst }
}

/** The formula and the activation, which applies to the first output. */
function applyFormula(
  op: Builder,
  layer: Layer,
  config: LayerConfig,
  x: Real,
  weights: Readonly<Record<string, Real | null>>,
  context: LayerContext,
  lastAxis: 1 | -1,
): { outputs: readonly Real[]; logits: Real | null } {
  const result = layer.call(op, x, weights, config, context)
  const [before, ...others] = Array.isArray(result) ? (result as readonly Real[]) : [result as Real]
  if (!before) throw new Error(`${config.type} gave nothing`)
  const activation = activationOf(layer.activation?.(config) ?? 'linear')
  return {
    outputs: [activation.apply(op, before, lastAxis), ...others],
    logits: activation.hasLogits ? before : null,
  }
}

function masksAfter(
  op: Builder,
  { mask }: Layer,
  config: LayerConfig,
  given: readonly Passed[],
  outputs: readonly Real[],
): readonly Mask[] {
  if (mask === undefined) return []
  if (mask === 'passes') return [given[0]?.mask ?? null]
  const values = given.map(({ value }) => value.last())
  const masks = given.map((passed) => passed.mask)
  const made = mask(op, values, masks, config, outputs)
  return isList(made) ? made : [made]
}

const isList = (made: Mask | readonly Mask[]): made is readonly Mask[] => Array.isArray(made)

function needWeight(find: FindWeight, name: string): Real {
  const weight = find(name)
  if (!weight) throw new Error(`the weight ${name} was not given`)
  return weight
}

/** What a layer says of its activity: of all its outputs, as in Keras. */
const activityRegularizer = (config: LayerConfig): Given | null =>
  (config as { activity_regularizer?: Given | null }).activity_regularizer ?? null

/**
 * Keras 3 divides the penalty of an activity by the batch size, so that it does not grow with it. A layer that is called
 * several times has one of each call; Keras 3.15 lists them all in `model.losses`, but trains by the first alone on JAX.
 */
function activityPenalty(op: Builder, y: Real, given: Given): Real {
  const regularizer = resolveNamed(regularizers, given)
  const penalty = entryOf(regularizers, regularizer).penalty(op, y, regularizer)
  const batch = op.Cast(op.Squeeze(op.Shape(y, { start: 0, end: 1 }), op.ints([0])), { to: y.type })
  return op.Div(penalty, batch)
}

/** Weights that are not trained carry no penalty, as in Keras. */
function weightPenalties(op: Builder, { weights }: Model, find: FindWeight): Real[] {
  return weights.flatMap(({ name, regularizer, trainable }) =>
    regularizer && trainable
      ? [entryOf(regularizers, regularizer).penalty(op, needWeight(find, name), regularizer)]
      : [],
  )
}
