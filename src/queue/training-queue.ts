/** The queue of trainings, as its producers see it: payloads are ids, the record of a training lives in the store. */

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
   * that a training can always be added again.
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

/**
 * Opens the queue, and creates its tables where it lives in PostgreSQL (safe when several processes do so at once).
 * @throws {Error} when the database or Redis cannot be reached
 */
export async function openQueue(
  config: Pick<Config, 'redisUrl'>,
  database: { readonly url: string },
  log: QueueLog,
): Promise<TrainingQueue> {
  const queue = createQueue(queueBackend(config, database.url), log)
  await queue.waitUntilReady()
  return {
    async add(training, attempt = 0) {
      await queue.add('train', { training }, { jobId: jobId(training, attempt) })
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
