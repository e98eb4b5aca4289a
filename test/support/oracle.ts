/**
 * TensorFlow.js (pure JavaScript) as an oracle: the same definition, weights and batches through another engine.
 * Known differences are told by the tests that meet them.
 */
import * as tf from '@tensorflow/tfjs'
import { flat, type Nested, shapeOf } from './keras.ts'

// no banner that praises another backend
tf.env().set('IS_TEST', true)
await tf.setBackend('cpu')

/** A layer by the names of our definitions; TensorFlow.js calls the arguments in camel case. */
export type OracleLayer = { readonly type: string; readonly [argument: string]: unknown }

const camel = (name: string) => name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camel(key), renamed(inner)]))
}

/** Its own names of activations, where they differ from Keras'. */
const activationNames: Readonly<Record<string, string>> = { hard_sigmoid: 'hardSigmoid', silu: 'swish' }

const makers: Readonly<Record<string, (config: object) => tf.layers.Layer>> = {
  Dense: (config) => tf.layers.dense(config as Parameters<typeof tf.layers.dense>[0]),
  Activation: (config) => tf.layers.activation(config as Parameters<typeof tf.layers.activation>[0]),
  Flatten: (config) => tf.layers.flatten(config),
  Reshape: (config) => tf.layers.reshape(config as Parameters<typeof tf.layers.reshape>[0]),
  Dropout: (config) => tf.layers.dropout(config as Parameters<typeof tf.layers.dropout>[0]),
}

/** TensorFlow.js names its functions as Keras its classes, but for capital letters. */
function makerNamed(type: string) {
  const found = Object.entries(tf.layers).find(([name]) => name.toLowerCase() === type.toLowerCase())
  return found?.[1] as ((config: object) => tf.layers.Layer) | undefined
}

function makeLayer({ type, activation, kernel_regularizer, layer, ...rest }: OracleLayer): tf.layers.Layer {
  const maker = makers[type] ?? makerNamed(type)
  if (!maker) throw new Error(`the oracle has no layer ${type}`)
  const name = typeof activation === 'string' ? (activationNames[activation] ?? activation) : undefined
  return maker({
    ...(renamed(rest) as object),
    ...(layer === undefined ? {} : { layer: makeLayer(layer as OracleLayer) }),
    ...(name === undefined ? {} : { activation: name }),
    ...(kernel_regularizer === undefined ? {} : { kernelRegularizer: makeRegularizer(kernel_regularizer) }),
  })
}

function makeRegularizer(given: unknown) {
  const { l1 = 0, l2 = 0 } = given as { l1?: number; l2?: number }
  return tf.regularizers.l1l2({ l1, l2 })
}

export interface Oracle {
  /** The outputs for a batch, row-major. */
  predict(x: Nested): number[]
  /** One step for each batch; the losses before each step and the weights after the last. */
  train(batches: readonly (readonly [x: Nested, y: Nested])[]): Promise<{ losses: number[]; weights: number[][] }>
}

/** A chain of layers with given weights. `optimizer` and `loss` are TensorFlow.js' own. */
export function openOracle(
  layers: readonly OracleLayer[],
  inputShape: readonly number[],
  weights: readonly ArrayLike<number>[],
  training?: { readonly optimizer: tf.Optimizer; readonly loss: string },
): Oracle {
  const model = tf.sequential()
  layers.forEach((layer, i) => {
    model.add(makeLayer(i === 0 ? { ...layer, input_shape: [...inputShape] } : layer))
  })
  model.setWeights(model.getWeights().map(({ shape }, i) => tf.tensor([...Array.from(weights[i] ?? [])], shape)))
  if (training) model.compile(training)
  const tensorOf = (value: Nested) => tf.tensor(flat(value), shapeOf(value))
  return {
    predict: (x) => [...(model.predict(tensorOf(x)) as tf.Tensor).dataSync()],
    train: async (batches) => {
      const losses: number[] = []
      for (const [x, y] of batches) losses.push(Number(await model.trainOnBatch(tensorOf(x), tensorOf(y))))
      return { losses, weights: model.getWeights().map((weight) => [...weight.dataSync()]) }
    },
  }
}

export { tf }
