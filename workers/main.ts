/**
 * The worker: takes trainings from the queue until it is told to end (SIGTERM, SIGINT, or the service that started it).
 * An argument names another program for the training processes than `train.js`.
 */

import pino from 'pino'
import { ConfigError, loadConfig } from '../src/config.ts'
import { openQueue } from '../src/queue/training-queue.ts'
import { openStore } from '../src/store/store.ts'
import { openTrainingWorker } from './training-worker.ts'

/** Trainings have 25 s to stop; the service that started this worker kills it after 30 s. */
const STOP_TIMEOUT_MS = 28_000

async function main(): Promise<void> {
  const config = loadConfig()
  if (config.databaseUrl === undefined) {
    throw new ConfigError(
      'DATABASE_URL: a worker needs the database of the service; `npm start` runs both on their own',
    )
  }
  const log = pino({ name: 'worker', level: config.logLevel })
  const store = await openStore(config, log)
  const queue = await openQueue(config, store.database, log)
  const worker = await openTrainingWorker(config, store, queue, log, process.argv[2])
  let stopping = false
  const stop = async (why: string) => {
    if (stopping) return
    stopping = true
    log.info({ why }, 'worker: stops')
    // A Redis or a database that is away must not hold up the end: what is left behind, the next worker takes.
    setTimeout(
      () => fail(new Error('did not stop in time, its jobs are left to the next worker')),
      STOP_TIMEOUT_MS,
    ).unref()
    await worker.close()
    await queue.close()
    await store.close()
    process.exit(0)
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(event, () => stop(event))
  log.info({ pid: process.pid, queue: config.redisUrl === undefined ? 'postgresql' : 'redis' }, 'worker: takes jobs')
  process.send?.('ready')
}

function fail(error: unknown): never {
  // A person reads this: one line, the rest of what went wrong is in the log of the database or of Redis.
  process.stderr.write(`fitserve worker: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

main().catch(fail)
