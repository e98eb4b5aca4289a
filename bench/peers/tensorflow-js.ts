/**
 * TensorFlow.js as a peer: its layers API, one `trainOnBatch` a step, rows gathered by the library.
 * The backend is the program's second argument: `tensorflow` (native, @tensorflow/tfjs-node), `wasm` or `cpu`.
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { rowsOf, startOf } from '../data.ts'
import type { Task } from '../task.ts'
import { type Peer, servePeer, type Trainer } from './serve.ts'

const backends: Readonly<Record<string, (threads: number) => Promise<string>>> = {
  cpu: async () => 'JavaScript',
  wasm: async () => {
    const wasm = await import('@tensorflow/tfjs-backend-wasm')
    wasm.setWasmPaths(`${dirname(fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm')))}/`)
    return 'WebAssembly'
  },
  tensorflow: async () => {
    // a name the compiler does not follow: the package is optional, and gone where its build script failed
    const native: string = '@tensorflow/tfjs-node'
    await import(native)
    return 'native'
  },
}

type Arguments = Readonly<Record<string, unknown>>

/** The layers of the workloads in TensorFlow.js' words. */
const layers: Readonly<Record<string, (layer: Arguments) => tf.layers.Layer>> = {
  Dense: ({ units, activation }) => tf.layers.dense({ units: Number(units), activation: activation as 'relu' }),
  Conv2D: ({ filters, kernel_size, padding, activation }) =>
    tf.layers.conv2d({
      filters: Number(filters),
      kernelSize: Number(kernel_size),
      padding: padding as 'same',
      activation: activation as 'relu',
    }),
  MaxPooling2D: () => tf.layers.maxPooling2d({ poolSize: 2 }),
  Flatten: () => tf.layers.flatten(),
  Embedding: ({ input_dim, output_dim }) =>
    tf.layers.embedding({ inputDim: Number(input_dim), outputDim: Number(output_dim) }),
  Bidirectional: ({ layer }) =>
    tf.layers.bidirectional({
      layer: tf.layers.lstm({
        units: Number((layer as Arguments).units),
        recurrentActivation: 'sigmoid',
        recurrentInitializer: 'zeros', // an orthogonal one takes long; all are set later
      }),
      mergeMode: 'concat',
    }),
}

const losses = {
  sparse_categorical_crossentropy: 'sparseCategoricalCrossentropy',
  binary_crossentropy: 'binaryCrossentropy',
}
/** What has no gradient in WebAssembly. */
const untrainedByWasm = ['Conv2D', 'Embedding']

async function open(task: Task): Promise<Peer> {
  const backend = process.argv[3] ?? 'cpu'
  const untrained = task.layers.find(({ type }) => backend === 'wasm' && untrainedByWasm.includes(type))
  if (untrained) throw new Error(`the WebAssembly backend cannot train ${untrained.type}`)
  if (backend === 'cpu' && task.network === 'bigcnn') throw new Error('JavaScript would take an hour a step')
  const kind = await backends[backend]?.(task.threads)
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend} here`)
  await tf.ready()
  const { x, y } = rowsOf(task)
  const rows = tf.tensor(x, [task.rows, ...task.inputShape])
  const targets = tf.tensor(y, [task.rows, 1])
  return {
    label: `TensorFlow.js ${tf.version.tfjs}, ${kind}`,
    build: async () => trainer(task, network(task), rows, targets),
  }
}

function network(task: Task): tf.Sequential {
  const { learning_rate: rate, name } = task.optimizer
  const model = tf.sequential()
  model.add(tf.layers.inputLayer({ inputShape: [...task.inputShape] }))
  for (const layer of task.layers.slice(1)) model.add(layers[layer.type]?.(layer) as tf.layers.Layer)
  const optimizer = name === 'adam' ? tf.train.adam(rate, 0.9, 0.999, 1e-7) : tf.train.sgd(rate)
  model.compile({ optimizer, loss: losses[task.loss] })
  const start = task.weights.map((weight) => tf.tensor(startOf(weight), [...weight.shape]))
  model.setWeights(start)
  tf.dispose(start)
  return model
}

function trainer({ batch, rows }: Task, model: tf.Sequential, x: tf.Tensor, y: tf.Tensor): Trainer {
  let at = 0
  const step = async () => {
    const places = tf.range(at, at + batch, 1, 'int32')
    const [xBatch, yBatch] = [tf.gather(x, places), tf.gather(y, places)]
    const loss = await model.trainOnBatch(xBatch, yBatch)
    tf.dispose([places, xBatch, yBatch])
    at = (at + batch) % rows
    return loss as number
  }
  const train = async (steps: number) => {
    let sum = 0
    for (let i = 0; i < steps; i++) sum += await step()
    return sum / steps
  }
  return { unit: 1, train }
}

await servePeer(open)
