/** The engine as a peer: opened and paced as `fit` does it in a worker, with threads as a worker takes them by default. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { elementCount } from '../../src/onnx/tensor.ts'
import { openOnnx } from '../../src/training/engine.ts'
import { createPacer } from '../../src/training/pacer.ts'
import { rowsOf } from '../data.ts'
import { fitSettings, startState } from '../network.ts'
import type { Task } from '../task.ts'
import { type Peer, servePeer, type Trainer } from './serve.ts'

function onnxRuntimeVersion(): string {
  const folder = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  return (JSON.parse(readFileSync(folder, 'utf8')) as { version: string }).version
}

async function open(task: Task): Promise<Peer> {
  const rows = rowsOf(task)
  const weightCount = task.weights.reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const build = async (): Promise<Trainer> => {
    const threads = task.choosesThreads ? 'auto' : task.threads
    const { trainer } = await openOnnx({ ...fitSettings(task, rows), threads }, startState(task))
    const pace = createPacer(weightCount)
    let step = 0
    /** A run of `fit`: never over the end of an epoch. */
    const run = async (most: number) => {
      const inEpoch = step % task.steps
      const steps = Math.min(most, task.steps - inEpoch, pace.stepsPerRun())
      const order = Int32Array.from({ length: steps * task.batch }, (_, i) => inEpoch * task.batch + i)
      const { losses } = await pace.time(steps, () => trainer.run(order, task.batch, step))
      step += steps
      return losses
    }
    const train = async (steps: number) => {
      let sum = 0
      for (let left = steps; left > 0; ) {
        const losses = await run(left)
        for (const loss of losses) sum += loss
        left -= losses.length
      }
      return sum / steps
    }
    return { unit: 1, train }
  }
  return { label: `fitserve (ONNX Runtime ${onnxRuntimeVersion()})`, build }
}

await servePeer(open)
