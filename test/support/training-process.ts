/**
 * A training process for tests of the machinery: real store, real claims, no network. It does what the training's
 * request scripts: how long a run blocks the process, when it crashes.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import pino from 'pino'
import { loadConfig } from '../../src/config.ts'
import { Problem } from '../../src/errors.ts'
import { type Attempt, runAttempt, type Stopped, type Trained } from '../../src/jobs/attempt.ts'
import { serveJobs } from '../../src/jobs/sandbox-child.ts'
import { openStore } from '../../src/store/store.ts'

/** What a test asks of the process; epochs count from 1. */
export interface Script {
  /** How long the run of each epoch blocks the process, as a native call does. */
  readonly blockMs?: number
  readonly checkpointEvery?: number
  /** Ends the process in this epoch, of the first attempt only. */
  readonly crash?: { readonly epoch: number; readonly by: NodeJS.Signals | 'exit' | 'memory' }
  /** Throws in this epoch. */
  readonly fault?: { readonly epoch: number; readonly kind: 'problem' | 'error'; readonly attempts: number }
}

const crashes = {
  exit: () => process.exit(7),
  memory: () => {
    const kept: string[][] = []
    for (;;) kept.push(Array.from({ length: 1_000_000 }, (_, i) => `${i}`))
  },
}

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function misbehave({ crash, fault }: Script, epoch: number, attempt: number): void {
  if (crash?.epoch === epoch && attempt === 1) {
    if (crash.by === 'exit' || crash.by === 'memory') crashes[crash.by]()
    else process.kill(process.pid, crash.by)
    block(1000)
  }
  if (fault?.epoch === epoch && attempt <= fault.attempts) {
    if (fault.kind === 'error') throw new Error('the database went away')
    throw new Problem('loss_not_finite', 'the loss of epoch 2 is NaN: use a smaller learning rate')
  }
}

async function work({ row, signal, ...attempt }: Attempt): Promise<Trained | Stopped> {
  // The tests write this request themselves.
  const script = (row.request as { script: Script }).script
  const last = await attempt.loadCheckpoint('last')
  let epoch = last === null ? 0 : Number(new TextDecoder().decode(last))
  const save = () => attempt.saveCheckpoint('last', new TextEncoder().encode(String(epoch)), { epoch })
  while (epoch < row.epochs) {
    if (signal.aborted) {
      await save()
      return { status: 'stopped', stopped: { reason: String(signal.reason), epoch, best_epoch: epoch } }
    }
    misbehave(script, epoch + 1, row.attempt)
    block(script.blockMs ?? 0)
    epoch++
    const history = {
      epoch,
      learning_rate: 0.1,
      seconds: 0,
      loss: 1 / epoch,
      written_by: row.attempt,
      pid: process.pid,
    }
    await attempt.recordEpoch(history, epoch * 10)
    if (epoch % (script.checkpointEvery ?? 1000) === 0) await save()
    await nextTurn()
  }
  const model = { bytes: new TextEncoder().encode('a model'), signature: {} }
  return { status: 'trained', metrics: { test: { loss: 1 } }, stopped: null, device: 'cpu', model }
}

const config = loadConfig()
const log = pino({ name: 'test training', level: config.logLevel })
const store = await openStore(config, log)
serveJobs((training, context) => runAttempt(training, { ...context, store, log }, work))
