/** The engine as a peer: `fit` as a worker calls it, which waits after each epoch until the benchmark asks for the next. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fit } from '../../src/training/fit.ts'
import { fitSettings } from '../network.ts'
import type { Task } from '../task.ts'
import { servePeer, type Trainer } from './serve.ts'

type Trained = Awaited<ReturnType<Trainer['train']>>

function onnxRuntimeVersion(): string {
  const folder = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
  return (JSON.parse(readFileSync(folder, 'utf8')) as { version: string }).version
}

async function open(task: Task): Promise<Trainer> {
  let goOn: () => void = () => {}
  let finished: (trained: Trained) => void = () => {}
  let failed: (error: unknown) => void = () => {}
  let stepsBefore = 0
  /** Holds the training until the next call of `train`. */
  const gate = () =>
    new Promise<void>((resolve) => {
      goOn = resolve
    })
  const start = () => {
    fit(fitSettings(task), {
      onEpoch: ({ loss }, { steps }) => {
        const held = gate()
        finished({ steps: steps - stepsBefore, loss: loss ?? Number.NaN })
        stepsBefore = steps
        return held
      },
    }).catch((error: unknown) => failed(error))
  }
  let started = false
  const train = () =>
    new Promise<Trained>((resolve, reject) => {
      finished = resolve
      failed = reject
      if (started) goOn()
      else start()
      started = true
    })
  return { label: `fitserve (ONNX Runtime ${onnxRuntimeVersion()})`, train }
}

await servePeer(open)
