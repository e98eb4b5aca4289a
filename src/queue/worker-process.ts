/** Starts a worker as a process of its own beside the service, as production does, and keeps it going. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Config, childEnvironment } from '../config.ts'
import type { QueueLog } from './log.ts'

export interface WorkerProcess {
  /** The worker that runs now; changes when it had to be started again. */
  readonly pid: number | undefined
  /** Fulfilled when the first worker takes jobs. */
  readonly ready: Promise<void>
  /** Asks the worker to end with grace (SIGTERM), and kills it when it has not done so in time. */
  stop(): Promise<void>
}

export interface WorkerProcessOptions {
  /** The worker's program. */
  readonly file?: string
  /** A worker gives its trainings 25 s to stop; this is longer. */
  readonly stopTimeoutMs?: number
  /** Pause before a worker that ended by itself is started again; doubles up to 30 s while it keeps ending early. */
  readonly restartDelayMs?: number
}

const LONGEST_RESTART_DELAY_MS = 30_000
/** A worker that ran this long did not end because of its start. */
const STEADY_MS = 60_000

const workerProgram = fileURLToPath(new URL('../../workers/main.js', import.meta.url))

/**
 * Starts the worker and watches over it: if it ends by itself, another one is started.
 * It is the leader of its own process group, so that Ctrl-C reaches only the service, which then stops it in order.
 * @param databaseUrl of the store that this process has opened; the worker connects to the same one
 */
export function startWorkerProcess(
  config: Config,
  databaseUrl: string,
  log: QueueLog,
  { file = workerProgram, stopTimeoutMs = 30_000, restartDelayMs = 500 }: WorkerProcessOptions = {},
): WorkerProcess {
  const env = childEnvironment({ ...config, databaseUrl })
  const start = () => fork(file, [], { env, execArgv: [], detached: true })
  const stopping = new AbortController()
  let child = start()
  const ready = firstMessage(child)

  const keepGoing = async () => {
    for (let delayMs = restartDelayMs; ; ) {
      const startedAt = performance.now()
      const [code, signal] = await ended(child)
      if (stopping.signal.aborted) return
      if (performance.now() - startedAt > STEADY_MS) delayMs = restartDelayMs
      log.error({ code, signal, pid: child.pid }, 'worker: ended by itself, it is started again')
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      if (stopping.signal.aborted) return
      delayMs = Math.min(delayMs * 2, LONGEST_RESTART_DELAY_MS)
      child = start()
    }
  }
  const over = keepGoing()

  return {
    get pid() {
      return child.pid
    },
    ready,
    async stop() {
      stopping.abort()
      child.kill('SIGTERM')
      const overdue = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
      await over
      clearTimeout(overdue)
    },
  }
}

/** Its `exit`, or the reason why it could not be started at all. */
async function ended(child: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  if (child.exitCode !== null || child.signalCode !== null) return [child.exitCode, child.signalCode]
  const [code, signal] = await once(child, 'exit')
  return [code, signal]
}

/** The worker sends one message, when it takes jobs. Never fulfilled by a worker that ends before. */
function firstMessage(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('message', () => resolve()))
}
