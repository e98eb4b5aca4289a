/** What a worker does about the end of a training process: the record tells the truth, the queue goes on. */

import type { JobEnd } from '../queue/consumer.ts'
import type { QueueLog } from '../queue/log.ts'
import type { TrainingQueue } from '../queue/training-queue.ts'
import type { Store } from '../store/store.ts'
import type { Sandbox } from './sandbox.ts'
import { ProcessCrash } from './sandbox-process.ts'

export interface Supervision {
  readonly store: Pick<Store, 'trainings'>
  readonly queue: Pick<TrainingQueue, 'add'>
  readonly sandbox: Pick<Sandbox, 'run'>
  readonly log: QueueLog
}

/**
 * Runs a training in its process and settles how that ended:
 * stopped by the worker's end → a new job continues it; a crash → the record fails with the reason, no other try, since
 * what ended this process would end the next; any other error → the queue tries again, and the last one fails the record.
 * @throws {Error} what the job threw, so that the queue tries again
 */
export async function superviseTraining(
  { store, queue, sandbox, log }: Supervision,
  training: string,
  { signal, lastTry }: { signal: AbortSignal; lastTry: boolean },
): Promise<JobEnd> {
  // A worker that ends at this moment leaves the job to the next one.
  if (signal.aborted && signal.reason === 'shutdown') return 'again'
  let attempt: number | null = null
  const onAttempt = (claimed: number) => {
    attempt = claimed
  }
  try {
    const outcome = await sandbox.run(training, { signal, onAttempt })
    log.info({ training, outcome }, 'training: attempt ended')
    if (outcome.status === 'requeued') await queue.add(training, outcome.attempt)
    return 'done'
  } catch (error) {
    // A process that did not stop in time was killed by this worker: that is no fault of the training.
    if (signal.aborted && signal.reason === 'shutdown') return 'again'
    log.error({ err: error, training, attempt }, 'training: its process did not end as it should')
    const crashed = error instanceof ProcessCrash && attempt !== null
    if (crashed || lastTry) await store.trainings.fail(training, attempt, failure(error))
    if (crashed) return 'done'
    throw error
  }
}

/** Ends the record of a training that took several workers with it, or lost them by chance. */
export async function failAbandoned({ store }: Pick<Supervision, 'store'>, training: string): Promise<void> {
  await store.trainings.fail(training, null, {
    code: 'training_crashed',
    detail:
      'the workers that ran this training were lost one after another, so it was given up: ' +
      'look at the memory of their machines, then start the training again',
  })
}

function failure(error: unknown): { code: string; detail: string } {
  if (error instanceof ProcessCrash) {
    return { code: 'training_crashed', detail: `the training process ended by itself: ${error.message}` }
  }
  return { code: 'internal', detail: 'the training met an error inside the service; its log tells more' }
}
