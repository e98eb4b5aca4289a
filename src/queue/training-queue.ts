/** The queue of trainings, as its producers see it: payloads are ids, the record of a training lives in the store. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type IQueueBackend, type JobState, Queue } from 'bullmq'
import type { Config } from '../config.ts'
import { type QueueBackend, queueBackend } from './connect.ts'
import type { QueueLog } from './log.ts'

export const TRAINING_QUEUE = 'trainings'

/** All that travels: the id of the training. */
export interface TrainingJob {
  readonly training: string
}

/** The states of a job, as `/metrics` tells the depth of the queue. */
export const queueStates = ['waiting', 'active', 'delayed', 'completed', 'failed'] as const
export type QueueState = (typeof queueStates)[number]

export interface TrainingQueue {
  /**
   * Puts a training in line. Adding what is in line already changes nothing; a job that has ended is removed at once, so
   * that a training can always be added again. Where the queue does not answer, this is logged only: the record says
   * `queued`, and the sweeper of any worker adds its job later.
   * @param attempt the attempt number on the training's record: a training that went back to `queued` gets a new job,
   *   even while the one of its last attempt is just ending
   */
  add(training: string, attempt?: number): Promise<void>
  /** Takes a training out of the line, unless a worker holds it. */
  remove(training: string, attempt?: number): Promise<void>
  /** The trainings that have a job in the queue, whatever its state. */
  trainings(): Promise<Set<string>>
  counts(): Promise<Record<QueueState, number>>
  close(): Promise<void>
}

/** The id of the job that runs a training. BullMQ ignores an id that is in use: so it names the attempt as well. */
export function jobId(training: string, attempt: number): string {
  return `${training}-${attempt}`
}

/** A Redis that is started beside this process may take a while; one that never comes is told of. */
const READY_TIMEOUT_MS = 10_000

/**
 * Opens the queue, and creates its tables where it lives in PostgreSQL (safe when several processes do so at once).
 * @throws {Error} with one clear line when the database or Redis cannot be reached
 */
export async function openQueue(
  config: Pick<Config, 'redisUrl'>,
  database: { readonly url: string },
  log: QueueLog,
  readyTimeoutMs = READY_TIMEOUT_MS,
): Promise<TrainingQueue> {
  const backend = queueBackend(config, database.url)
  const queue = createQueue(backend, log)
  await whenReady(queue, backend, readyTimeoutMs)
  return {
    async add(training, attempt = 0) {
      try {
        await queue.add('train', { training }, { jobId: jobId(training, attempt) })
      } catch (error) {
        log.warn({ training, reason: String(error) }, 'queue: a training could not be put in line, a sweeper will')
      }
    },
    async remove(training, attempt = 0) {
      await queue.remove(jobId(training, attempt))
    },
    async trainings() {
      const jobs = await queue.getJobs([...pending])
      return new Set(jobs.map((job) => job.data.training))
    },
    async counts() {
      const counts = await queue.getJobCounts(...queueStates)
      // getJobCounts answers exactly the states it was asked for, which its type does not say.
      return counts as Record<QueueState, number>
    },
    close: () => queue.close(),
  }
}

const pending = ['waiting', 'active', 'delayed'] as const satisfies readonly JobState[]

async function whenReady(
  queue: ReturnType<typeof createQueue>,
  { kind, options }: QueueBackend,
  timeoutMs: number,
): Promise<void> {
  let reason = 'no answer'
  queue.on('error', (error) => {
    reason = error.message
  })
  const late = new AbortController()
  const timeout = sleep(timeoutMs, 'late', { signal: late.signal }).catch(() => 'in time')
  const first = await Promise.race([queue.waitUntilReady(), timeout])
  late.abort()
  if (first !== 'late') return
  await queue.close()
  const { host } = new URL(options.connection)
  const variable = kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL'
  throw new Error(`the queue in ${kind} at ${host} cannot be reached (${reason}): check ${variable}`)
}

function createQueue({ options, factory }: QueueBackend, log: QueueLog) {
  const queue = new Queue<TrainingJob, void, 'train', TrainingJob, void, 'train', IQueueBackend, string>(
    TRAINING_QUEUE,
    {
      ...options,
      defaultJobOptions: {
        removeOnComplete: true,
        removeOnFail: true,
        // A fault that may pass (a database that restarts) is tried again; a definite one never gets here.
        attempts: 3,
        backoff: { type: 'exponential', delay: 1000 },
      },
      streams: { events: { maxLen: 1000 } },
    },
    factory,
  )
  queue.on('error', (error) => log.warn({ reason: error.message }, 'queue: connection trouble'))
  return queue
}
