/** A chain of our layers as one of TensorFlow.js, with the weights under our names. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../nn/layers/layer.ts'
import type { Model } from '../nn/model.ts'
import { weightsOf } from '../nn/model.ts'
import type { TensorFlow } from './backend.ts'
import { activationNames, supportedLayers } from './support.ts'

export interface Network {
  /** [batch, …features] → [batch, …units]. */
  call(x: Tf.Tensor, training: boolean): Tf.Tensor
  /** The variables of all weights, in the model's order. */
  readonly variables: ReadonlyMap<string, Tf.Variable>
  dispose(): void
}

/** Builds the network; its weights are zeros until they are assigned. */
export function buildNetwork(tf: TensorFlow, model: Model): Network {
  const chain = tf.sequential()
  const [shape] = model.inputs.map((input) => input.shape)
  chain.add(tf.layers.inputLayer({ inputShape: [...(shape ?? [])] }))
  const variables = new Map<string, Tf.Variable>()
  for (const layer of model.layers) {
    if (layer.type === 'Input') continue
    const made = makeLayer(tf, { ...layer.config, type: layer.type })
    chain.add(made)
    for (const [i, { name }] of weightsOf(layer).entries()) variables.set(name, variableOf(made, i, name))
  }
  return {
    call: (x, training) => chain.apply(x, { training }) as Tf.Tensor, // one output
    variables,
    dispose: () => void chain.dispose(),
  }
}

/** TensorFlow.js keeps the weights of a layer in Keras' order, moving statistics last, as we do. */
function variableOf(layer: Tf.layers.Layer, place: number, name: string): Tf.Variable {
  const weight = layer.weights[place]
  if (!weight) throw new Error(`TensorFlow.js has no weight ${name}`)
  return weight.read() as Tf.Variable // what a LayerVariable wraps
}

type Maker = (config: object) => Tf.layers.Layer

function makeLayer(tf: TensorFlow, config: LayerConfig): Tf.layers.Layer {
  const { type } = config
  const makers: Readonly<Record<string, unknown>> = { ...tf.layers }
  // TensorFlow.js names its functions as Keras its classes, but for capital letters
  const name = Object.keys(makers).find((key) => key.toLowerCase() === type.toLowerCase())
  const supported = supportedLayers[type]
  if (!name || !supported) throw new Error(`TensorFlow.js has no layer ${type}`)
  const given = { ...supported.fixed, ...Object.fromEntries(Object.entries(config).filter(isTaken(supported.takes))) }
  const inner = supported.wraps && 'layer' in config ? { layer: makeLayer(tf, config.layer as LayerConfig) } : {}
  return (makers[name] as Maker)({ ...renamed(given), ...startingAtZero[type], ...inner })
}

const isTaken =
  (takes: readonly string[]) =>
  ([name, value]: [string, unknown]) =>
    takes.includes(name) && value !== null

/** Initial weights are ours; drawing others (orthogonal ones above all) would only take time. */
const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros' }
const recurrentZeros = { ...zeros, recurrentInitializer: 'zeros', unitForgetBias: false }
const startingAtZero: Readonly<Record<string, object>> = {
  ...{
    Dense: zeros,
    Conv1D: zeros,
    Conv2D: zeros,
    Conv2DTranspose: zeros,
    Embedding: { embeddingsInitializer: 'zeros' },
  },
  ...{ SimpleRNN: recurrentZeros, LSTM: recurrentZeros, GRU: recurrentZeros },
}

function renamed(config: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      // a copy: Reshape and others write into the lists they are given
      name.endsWith('activation') ? activationNames[String(value)] : structuredClone(value),
    ]),
  )
}
