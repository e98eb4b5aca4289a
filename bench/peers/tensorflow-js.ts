/**
 * TensorFlow.js as a peer: its layers API, one `trainOnBatch` a step, rows gathered by the library.
 * The backend is the program's second argument: `tensorflow` (native, @tensorflow/tfjs-node), `wasm` or `cpu`.
 */
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { createRandom, deriveKey, permutation } from '../../src/random.ts'
import { learningRate, syntheticData, type Task } from '../task.ts'
import { servePeer, type Trainer } from './serve.ts'

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

async function open(task: Task): Promise<Trainer> {
  const backend = process.argv[3] ?? 'cpu'
  const kind = await backends[backend]?.(task.threads)
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend} here`)
  await tf.ready()
  return { label: `TensorFlow.js ${tf.version.tfjs}, ${kind}`, train: trainer(task) }
}

function trainer(task: Task): Trainer['train'] {
  const { widths, batch, samples } = task
  const model = tf.sequential({
    layers: widths.slice(1).map((units, i) =>
      tf.layers.dense({
        units,
        activation: i < widths.length - 2 ? 'relu' : 'softmax',
        ...(i === 0 ? { inputShape: [widths[0] as number] } : {}),
      }),
    ),
  })
  model.compile({ optimizer: tf.train.adam(learningRate), loss: 'categoricalCrossentropy' })
  const data = syntheticData(task)
  const x = tf.tensor2d(data.x, [samples, widths[0] as number])
  const y = tf.oneHot(tf.tensor1d(data.labels, 'int32'), widths.at(-1) as number).toFloat() as tf.Tensor2D
  const random = createRandom(deriveKey('bench', 'order'))
  let order = permutation(samples, random)
  let at = 0
  return async () => {
    if (at + batch > samples) {
      order = permutation(samples, random)
      at = 0
    }
    const rows = tf.tensor1d(order.slice(at, at + batch), 'int32')
    const [xBatch, yBatch] = [tf.gather(x, rows), tf.gather(y, rows)]
    const loss = await model.trainOnBatch(xBatch, yBatch)
    tf.dispose([rows, xBatch, yBatch])
    at += batch
    return { steps: 1, loss: loss as number }
  }
}

await servePeer(open)
