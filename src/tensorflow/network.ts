/** A model of ours with layers of TensorFlow.js: a graph that is called layer by layer, weights under our names. */
import type * as Tf from '@tensorflow/tfjs'
import { activationOf } from '../nn/activations.ts'
import { layerOf } from '../nn/layers/index.ts'
import type { LayerConfig } from '../nn/layers/layer.ts'
import type { BuiltLayer, Model } from '../nn/model.ts'
import { weightsOf } from '../nn/model.ts'
import type { Given } from '../nn/named.ts'
import { resolveNamed } from '../nn/named.ts'
import { regularizers } from '../nn/regularizers/index.ts'
import type { Source } from '../nn/wiring.ts'
import type { TensorFlow } from './backend.ts'
import { callPrepared, isChannelsFirst, workingShape } from './layers/call.ts'
import { engineLayerOf } from './layers/index.ts'
import type { LayerCall, Mask, Prepared } from './layers/layer.ts'
import type { Draw } from './noise.ts'
import { penaltyOf } from './regularizers.ts'

export interface CalledNetwork {
  /** One for each output of the model, [batch, …shape]. */
  readonly outputs: readonly Tf.Tensor[]
  /** What its activation was applied to, for softmax and sigmoid; else null. */
  readonly logits: readonly (Tf.Tensor | null)[]
  readonly masks: readonly Mask[]
  /** To be added to the loss. */
  readonly penalties: readonly Tf.Tensor[]
  /** The next values of moving statistics. */
  readonly updates: ReadonlyMap<string, Tf.Tensor>
}

export interface Network {
  /** In training mode, with the random numbers of the step. */
  call(inputs: readonly Tf.Tensor[], draw: Draw): CalledNetwork
  /** The variables of all weights, in the model's order. */
  readonly variables: ReadonlyMap<string, Tf.Variable>
  dispose(): void
}

/** Builds the network; its weights are zeros until they are assigned. */
export function buildNetwork(tf: TensorFlow, model: Model): Network {
  const prepared = new Map<string, Prepared>()
  const found = new Map<string, Tf.Variable>()
  for (const layer of model.layers) {
    if (layer.shares !== null) continue
    const config = configOf(layer)
    const shapes = layer.inputShapes.map((shape) => workingShape(config, shape))
    const made = engineLayerOf(layer.type).prepare(tf, config, shapes)
    prepared.set(layer.name, made)
    for (const [i, { name, shape }] of weightsOf(layer).entries()) {
      const variable = made.variables ? made.variables[i] : tf.tidy(() => tf.variable(tf.zeros([...shape])))
      if (!variable) throw new Error(`TensorFlow.js has no weight ${name}`)
      found.set(name, variable)
    }
  }
  const variables = new Map(model.weights.map(({ name }) => [name, found.get(name) as Tf.Variable]))
  return {
    call: (inputs, draw) => callNetwork({ tf, model, prepared, variables, draw }, inputs),
    variables,
    dispose: () => tf.dispose([...variables.values()]),
  }
}

const configOf = ({ config, type }: BuiltLayer): LayerConfig => ({ ...config, type })

interface Calling {
  readonly tf: TensorFlow
  readonly model: Model
  readonly prepared: ReadonlyMap<string, Prepared>
  readonly variables: ReadonlyMap<string, Tf.Variable>
  readonly draw: Draw
}

interface CalledLayer {
  readonly outputs: readonly Tf.Tensor[]
  readonly masks: readonly Mask[]
  readonly logits: Tf.Tensor | null
  /** Whether the first engine has its channels first here, which is the order of its draws. */
  readonly first: boolean
}

interface Effects {
  readonly penalties: Tf.Tensor[]
  readonly updates: Map<string, Tf.Tensor>
}

function callNetwork(calling: Calling, inputs: readonly Tf.Tensor[]): CalledNetwork {
  const { model } = calling
  const called = new Map<string, CalledLayer>()
  for (const [i, { name }] of model.inputs.entries()) {
    const x = inputs[i]
    if (!x) throw new Error(`the model's input ${name} was not given`)
    called.set(name, { outputs: [x], masks: [], logits: null, first: false })
  }
  const effects: Effects = { penalties: weightPenalties(calling), updates: new Map() }
  for (const layer of model.layers) {
    if (!called.has(layer.name)) called.set(layer.name, callLayer(calling, layer, called, effects))
  }
  const results = model.outputs.map(({ source }) => ({ ...outputOf(called, source), source }))
  return {
    outputs: results.map(({ value }) => value),
    logits: results.map(({ from, source }) => (source.output === 0 ? from.logits : null)),
    masks: results.map(({ mask }) => mask),
    penalties: effects.penalties,
    updates: effects.updates,
  }
}

function outputOf(called: ReadonlyMap<string, CalledLayer>, { layer, output }: Source) {
  const from = called.get(layer)
  const value = from?.outputs[output]
  if (!from || !value) throw new Error(`nothing gives output ${output} of ${layer}`)
  return { from, value, mask: from.masks[output] ?? null }
}

function callLayer(
  { tf, prepared, variables, draw }: Calling,
  layer: BuiltLayer,
  called: ReadonlyMap<string, CalledLayer>,
  { penalties, updates }: Effects,
): CalledLayer {
  const config = configOf(layer)
  const given = layer.sources.map((source) => outputOf(called, source))
  const { layout } = layerOf(layer.type)
  const stays = layout === 'any' && given.every(({ from }) => from.first)
  const first = !isChannelsFirst(config) && (layout === 'channels_first' || stays)
  const inputs = given.map(({ value }) => value)
  const batch = inputs[0]?.shape[0] ?? 1
  const penalize = (activity: Tf.Tensor, regularizer: Given) => {
    // Keras 3 divides it by the batch size
    penalties.push(tf.div(penaltyOf(tf, activity, resolveNamed(regularizers, regularizer)), batch))
  }
  const call: LayerCall = {
    ...{ tf, layerName: layer.name, x: inputs[0] as Tf.Tensor, inputs, masks: given.map(({ mask }) => mask) },
    weights: Object.fromEntries(
      [...layer.weights].map(([short, weight]) => [short, weight && (variables.get(weight.name) ?? null)]),
    ),
    uniform: (shape, purpose) => uniform(tf, shape, draw, purpose, first || isChannelsFirst(config)),
    assign: (short, value) => {
      const weight = layer.weights.get(short)
      if (weight) updates.set(weight.name, value)
    },
    penalize,
  }
  const made = prepared.get(layer.shares ?? layer.name) as Prepared
  const { outputs, before } = callPrepared(config, made, call)
  const { activity_regularizer: regularizer = null } = config as { activity_regularizer?: Given | null }
  if (regularizer !== null) for (const output of outputs) penalize(output, regularizer)
  const activation = layerOf(layer.type).activation?.(config) ?? 'linear'
  const logits = activationOf(activation).hasLogits ? before : null
  return { outputs, masks: masksAfter(layer, call, outputs), logits, first }
}

/** Numbers in [0, 1), drawn in the order in which the first engine has the values. */
function uniform(tf: TensorFlow, shape: readonly number[], draw: Draw, purpose: string, channelsFirst: boolean) {
  const count = shape.reduce((product, length) => product * length, 1)
  const [batch = 1, ...rest] = shape
  if (!channelsFirst || rest.length < 2) return tf.tensor(draw(count, purpose), [...shape])
  const channels = rest.at(-1) ?? 1
  const axes = rest.slice(0, -1).map((_, i) => i + 2)
  return tf.transpose(tf.tensor(draw(count, purpose), [batch, channels, ...rest.slice(0, -1)]), [0, ...axes, 1])
}

function masksAfter({ type, config }: BuiltLayer, call: LayerCall, outputs: readonly Tf.Tensor[]): readonly Mask[] {
  const rule = layerOf(type).mask
  if (rule === undefined) return []
  if (rule === 'passes') return [call.masks[0] ?? null]
  const own = engineLayerOf(type).mask
  if (!own) throw new Error(`the engine tensorflow has no mask of ${type}`)
  const masks = own(call, { ...config, type }, outputs)
  return Array.isArray(masks) ? (masks as readonly Mask[]) : [masks as Mask]
}

/** Weights that are not trained carry no penalty, as in Keras. */
function weightPenalties({ tf, model, variables }: Calling): Tf.Tensor[] {
  return model.weights.flatMap(({ name, regularizer, trainable }) =>
    regularizer && trainable ? [penaltyOf(tf, variables.get(name) as Tf.Tensor, regularizer)] : [],
  )
}
