/** Worker processes for tests: the real program in a process of its own, on the store of the test. */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { type Config, childEnvironment, loadConfig } from '../../src/config.ts'
import { queueBackend } from '../../src/queue/connect.ts'
import { openQueue, TRAINING_QUEUE, type TrainingQueue } from '../../src/queue/training-queue.ts'
import { newId } from '../../src/store/ids.ts'
import type { TrainingRow } from '../../src/store/schema.ts'
import type { Store } from '../../src/store/store.ts'
import { silent, testStore } from './postgres.ts'
import { addDataset, addModel } from './rows.ts'
import type { Script } from './training-process.ts'

// Tests run from the sources, worker processes from what `tsc -b` made of them.
export const built = (path: string) => join(import.meta.dirname, '../../dist', path)

/** What workers print: nothing, unless someone looks for the reason of a failure. */
const logLevel = process.env.TEST_LOG_LEVEL ?? 'silent'

export interface TestWorker {
  readonly process: ChildProcess
  /** The pids of its training processes. */
  children(): Promise<number[]>
  /** SIGKILL gives null. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface WorkerBench {
  readonly store: Store
  readonly config: Config
  readonly queue: TrainingQueue
  /** A worker process that takes jobs, with scripted training processes. */
  worker(env?: Record<string, string>): Promise<TestWorker>
  /** A queued record with its job. */
  train(script: Script, epochs?: number): Promise<string>
  /** The epochs on its history. */
  epochs(training: string): Promise<number[]>
  finishedEvents(training: string): Promise<number>
  /** The one of `workers` whose training process wrote the last epoch. */
  holder(training: string, workers: readonly TestWorker[]): Promise<TestWorker>
  /** Takes all jobs out of the queue, as a Redis that restarts without a file does. */
  loseJobs(): Promise<void>
  /** Ends every connection to the database, as a failover does. */
  dropConnections(): Promise<void>
  /** The record once it is as wanted. */
  until(training: string, wanted: (row: TrainingRow) => boolean, timeoutMs?: number): Promise<TrainingRow>
  close(): Promise<void>
}

/** A store and a queue on the backend of the run: Redis with REDIS_URL, PostgreSQL without. */
export async function openWorkerBench(settings: Partial<Config> = {}): Promise<WorkerBench> {
  const store = await testStore()
  const { redisUrl } = loadConfig()
  const config: Config = {
    ...loadConfig({ LOG_LEVEL: logLevel }),
    ...store.config,
    ...(redisUrl !== undefined && { redisUrl }),
    queueLockMs: 1500,
    queueStalledMs: 500,
    ...settings,
  }
  const queue = await openQueue(config, store.database, silent)
  const workers: TestWorker[] = []
  return {
    store,
    config,
    queue,
    async worker(env = {}) {
      const started = await startWorker({ ...childEnvironment(config), ...env })
      workers.push(started)
      return started
    },
    async train(script, epochs = 5) {
      const id = newId('tr')
      const [model, dataset] = [await addModel(store), await addDataset(store)]
      await store.trainings.create({ id, model, dataset, epochs, request: { script }, engine: 'onnxruntime' })
      await queue.add(id)
      return id
    },
    async epochs(training) {
      return (await store.trainings.history(training)).map((row) => row.epoch)
    },
    async finishedEvents(training) {
      return (await store.trainings.events(training, 0)).filter((event) => event.type === 'finished').length
    },
    async holder(training, workers) {
      const pid = (await store.trainings.history(training)).at(-1)?.pid
      const children = await Promise.all(workers.map((worker) => worker.children()))
      const holder = workers.find((_, i) => children[i]?.some((child) => child === pid))
      if (holder === undefined) throw new Error(`no worker has the process ${pid}, which wrote the last epoch`)
      return holder
    },
    async loseJobs() {
      const { options, factory } = queueBackend(config, config.databaseUrl ?? '')
      const all = new Queue(TRAINING_QUEUE, options, factory)
      await all.obliterate({ force: true })
      await all.close()
    },
    async dropConnections() {
      await store.database.pool.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
    },
    until: (training, wanted, timeoutMs = 20_000) => until(store, training, wanted, timeoutMs),
    async close() {
      await Promise.all(workers.map((worker) => worker.stop('SIGKILL')))
      await queue.close()
      await store.close()
    },
  }
}

async function startWorker(env: Record<string, string | undefined>): Promise<TestWorker> {
  const child = fork(built('workers/main.js'), [built('test/support/training-process.js')], {
    env,
    execArgv: [],
    detached: true,
    stdio: [...Array(3).fill(logLevel === 'silent' ? 'ignore' : 'inherit'), 'ipc'],
  })
  await Promise.race([once(child, 'message'), failedStart(child)])
  return {
    process: child,
    async children() {
      const pids = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
      return pids.trim().split(/\s+/).filter(Boolean).map(Number)
    },
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      child.kill(signal)
      const [code] = await once(child, 'exit')
      return code
    },
  }
}

/** A process that has ended but was not yet waited for is not alive. */
export async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return status !== '' && !/\) [ZX] /.test(status)
}

async function failedStart(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit')
  throw new Error(`the worker ended before it took jobs: exit code ${code}, signal ${signal}`)
}

async function until(
  store: Store,
  training: string,
  wanted: (row: TrainingRow) => boolean,
  timeoutMs: number,
): Promise<TrainingRow> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const row = await store.trainings.get(training)
    if (wanted(row)) return row
    if (Date.now() > deadline) {
      throw new Error(`after ${timeoutMs} ms training ${training} is still ${JSON.stringify(row)}`)
    }
    await sleep(20)
  }
}
