/** The queue of trainings, as a worker sees it: takes jobs, keeps their locks, and tells the work when to stop. */

import { setTimeout as sleep } from 'node:timers/promises'
import { DelayedError, type IQueueBackend, type Job, WaitingError, Worker } from 'bullmq'
import type { Config } from '../config.ts'
import { queueBackend } from './connect.ts'
import type { QueueLog } from './log.ts'
import { TRAINING_QUEUE, type TrainingJob } from './training-queue.ts'

/** Why work is asked to stop: a user cancelled it, the worker ends, or another worker may hold the job by now. */
export type StopReason = 'cancel' | 'shutdown' | 'lost'

/** What became of a job: it left the queue, or it goes back to wait for another worker. */
export type JobEnd = 'done' | 'again'

export interface JobHandlers {
  /**
   * Does the work. When it throws, it is tried again later, twice at most.
   * @param context.signal aborted with a {@link StopReason}
   * @param context.lastTry no further try follows if this one throws
   */
  work(training: string, context: { signal: AbortSignal; lastTry: boolean }): Promise<JobEnd>
  /** The queue gave the job up, since worker after worker was lost while holding it. */
  abandoned(training: string): Promise<void>
}

export interface Consumer {
  /** The trainings this worker holds. */
  held(): string[]
  /** Aborts the work on a training, if this worker holds it. */
  stop(training: string, reason: StopReason): void
  /** Takes no more jobs, aborts those at work with `shutdown`, and waits for them. */
  close(): Promise<void>
}

type ConsumerConfig = Pick<Config, 'redisUrl' | 'queueLockMs' | 'queueStalledMs' | 'workerConcurrency'>
type TrainingWorker = Worker<TrainingJob, void, 'train', IQueueBackend, number, string>
type ActiveJob = Job<TrainingJob, void, 'train'>

/** How often a job may be left behind by a lost worker before it is given up: such a job may be what ends them. */
const MAX_LOST_WORKERS = 3

/** How long a worker that ends waits for the queue, once its work has stopped. */
const GOODBYE_MS = 5000

/** How long a job waits that comes back to the worker whose own work on it has not ended yet. */
const WIND_DOWN_MS = 1000

/**
 * Starts to take jobs.
 *
 * A job left behind by a lost worker is taken again at most `queueLockMs + queueStalledMs` later: its lock must run out,
 * then the next look of any worker finds it.
 * @throws {Error} when the database or Redis cannot be reached
 */
export async function openConsumer(
  config: ConsumerConfig,
  database: { readonly url: string },
  handlers: JobHandlers,
  log: QueueLog,
): Promise<Consumer> {
  const held = new Map<string, AbortController>()
  let closing = false
  const worker = createWorker(
    config,
    database,
    // BullMQ may fetch one more job while it closes; it goes back as it came.
    (job, token) => (closing ? giveBack(job, token) : workOn(job, token, held, handlers)),
    log,
  )
  const stop = (training: string, reason: StopReason) => held.get(training)?.abort(reason)
  // A lock that cannot be renewed ran out, as after a pause of this process: another worker may be at work already.
  worker.on('lockRenewalFailed', (ids) => {
    for (const training of held.keys()) if (ids.some((id) => id.startsWith(`${training}-`))) stop(training, 'lost')
  })
  const abandonments = watchAbandoned(worker, handlers, log)
  await worker.waitUntilReady()
  return {
    held: () => [...held.keys()],
    stop,
    async close() {
      closing = true
      const closed = worker.close()
      for (const training of held.keys()) stop(training, 'shutdown')
      await Promise.race([closed, lettingGo(held, log)])
      await Promise.all(abandonments)
    },
  }
}

function createWorker(
  config: ConsumerConfig,
  database: { readonly url: string },
  work: (job: ActiveJob, token: string) => Promise<void>,
  log: QueueLog,
): TrainingWorker {
  const { options, factory } = queueBackend(config, database.url)
  const worker: TrainingWorker = new Worker(
    TRAINING_QUEUE,
    (job, token = '') => work(job, token),
    {
      ...options,
      concurrency: config.workerConcurrency,
      lockDuration: config.queueLockMs,
      stalledInterval: config.queueStalledMs,
      maxStalledCount: MAX_LOST_WORKERS,
      // Both default to seconds that a person would wait for after a restart of the database.
      runRetryDelay: 1000,
      drainDelay: 2,
    },
    factory,
  )
  worker.on('error', (error) => log.warn({ reason: error.message }, 'queue: worker trouble'))
  return worker
}

async function workOn(
  job: ActiveJob,
  token: string,
  held: Map<string, AbortController>,
  handlers: JobHandlers,
): Promise<void> {
  const { training } = job.data
  if (held.has(training)) {
    await job.moveToDelayed(Date.now() + WIND_DOWN_MS, token)
    throw new DelayedError()
  }
  const controller = new AbortController()
  held.set(training, controller)
  try {
    const lastTry = job.attemptsMade + 1 >= (job.opts.attempts ?? 1)
    if ((await handlers.work(training, { signal: controller.signal, lastTry })) === 'again') await giveBack(job, token)
  } finally {
    held.delete(training)
  }
}

/** Puts a job back to the head of the line, for any worker. */
async function giveBack(job: ActiveJob, token: string): Promise<never> {
  await job.moveToWait(token)
  throw new WaitingError()
}

/** A queue that is away cannot be told that its jobs have ended; their locks run out, and whoever comes next takes them. */
async function lettingGo(held: ReadonlyMap<string, unknown>, log: QueueLog): Promise<void> {
  while (held.size > 0) await sleep(100, undefined, { ref: false })
  await sleep(GOODBYE_MS, undefined, { ref: false })
  log.warn({ waitedMs: GOODBYE_MS }, 'queue: does not answer, the worker ends without it')
}

/** A job that stalled too often is failed by BullMQ without a call of the processor: its record must end as well. */
function watchAbandoned(worker: TrainingWorker, handlers: JobHandlers, log: QueueLog): Set<Promise<void>> {
  const running = new Set<Promise<void>>()
  worker.on('failed', (job) => {
    if (job?.deferredFailure === undefined) return
    const ending = handlers
      .abandoned(job.data.training)
      .catch((error: unknown) =>
        log.error({ err: error, training: job.data.training }, 'queue: could not end a record'),
      )
      .finally(() => running.delete(ending))
    running.add(ending)
  })
  return running
}
