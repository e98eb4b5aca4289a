/** Brings a user's cancel to the training process that a worker runs: at once by message, or soon by a look at the record. */

import type { Consumer } from '../queue/consumer.ts'
import type { QueueLog } from '../queue/log.ts'
import type { Store } from '../store/store.ts'

export interface CancelWatch {
  close(): Promise<void>
}

/** A message is lost while its connection is: so the records of held trainings are read this often as well. */
const LOOK_EVERY_MS = 2000

/** Listens for cancels and hands them to `consumer`, which stops the trainings that this worker holds. */
export async function openCancelWatch(
  { store, consumer, log }: { store: Pick<Store, 'trainings'>; consumer: Consumer; log: QueueLog },
  everyMs = LOOK_EVERY_MS,
): Promise<CancelWatch> {
  const unsubscribe = await store.trainings.onCancel((training) => consumer.stop(training, 'cancel'))
  const look = async () => {
    for (const training of consumer.held()) {
      const row = await store.trainings.find(training)
      if (row?.cancelRequested) consumer.stop(training, 'cancel')
    }
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) =>
      log.warn({ err: error }, 'cancel: could not read the records of trainings at work'),
    )
  }, everyMs)
  return {
    async close() {
      clearInterval(timer)
      await unsubscribe()
    },
  }
}
