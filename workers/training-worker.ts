/** A worker for trainings: the queue's consumer, the processes that train, cancels, and the sweeper, wired together. */

import { fileURLToPath } from 'node:url'
import type { Config } from '../src/config.ts'
import { openCancelWatch } from '../src/jobs/cancel.ts'
import { openSandbox } from '../src/jobs/sandbox.ts'
import { failAbandoned, superviseTraining } from '../src/jobs/supervise.ts'
import { openSweeper } from '../src/jobs/sweep.ts'
import { openConsumer } from '../src/queue/consumer.ts'
import type { QueueLog } from '../src/queue/log.ts'
import type { TrainingQueue } from '../src/queue/training-queue.ts'
import type { Store } from '../src/store/store.ts'

export interface TrainingWorker {
  /** Takes no more jobs; trainings at work finish their run, write `last`, and go back to the queue. */
  close(): Promise<void>
}

/** Work that has not stopped by then is killed; the next worker continues it from its last checkpoint. */
const STOP_GRACE_MS = 25_000

/** The program of a training process. */
const trainProcess = fileURLToPath(new URL('./train.js', import.meta.url))

export async function openTrainingWorker(
  config: Config,
  store: Store,
  queue: TrainingQueue,
  log: QueueLog,
  processFile: string = trainProcess,
): Promise<TrainingWorker> {
  const sandbox = openSandbox({ file: processFile, size: config.workerConcurrency })
  const supervision = { store, queue, sandbox, log }
  const handlers = {
    work: (training: string, context: { signal: AbortSignal; lastTry: boolean }) =>
      superviseTraining(supervision, training, context),
    abandoned: (training: string) => failAbandoned(supervision, training),
  }
  const consumer = await openConsumer(config, store.database, handlers, log)
  const cancels = await openCancelWatch({ store, consumer, log })
  const sweeper = openSweeper({ store, queue, log, graceMs: config.queueLockMs }, config.queueStalledMs)
  return {
    async close() {
      const overdue = setTimeout(() => sandbox.close(), STOP_GRACE_MS)
      await consumer.close()
      clearTimeout(overdue)
      await Promise.all([cancels.close(), sweeper.close(), sandbox.close()])
    },
  }
}
