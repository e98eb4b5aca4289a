/** Finds trainings that the queue lost, and puts them in line again: the record is the truth, the queue a means. */

import type { QueueLog } from '../queue/log.ts'
import type { TrainingQueue } from '../queue/training-queue.ts'
import type { Store } from '../store/store.ts'

export interface Sweeper {
  close(): Promise<void>
}

export interface SweepContext {
  readonly store: Pick<Store, 'trainings'>
  readonly queue: Pick<TrainingQueue, 'add' | 'trainings'>
  readonly log: QueueLog
  /** How long a record may stand without a job before the job counts as lost, in milliseconds. */
  readonly graceMs: number
}

/** Running trainings without a job at the last look, with their attempt: one that just ends is no longer so at the next. */
export type Suspects = ReadonlyMap<string, number>

const PAGE = 100

/**
 * One look. `queued` records whose job was never added (its API process died in between) get one: adding is harmless
 * where there is one. `running` records without any job (a Redis that lost its data) go back to `queued` when they were
 * found so by the look before as well.
 */
export async function sweep({ store, queue, log, graceMs }: SweepContext, suspects: Suspects): Promise<Suspects> {
  for (const { id, attempt } of await store.trainings.unqueued(graceMs)) {
    await queue.add(id, attempt)
    log.debug({ training: id }, 'sweeper: made sure that a queued training has a job')
  }
  const running = await runningTrainings(store)
  if (running.length === 0) return new Map()
  const jobs = await queue.trainings()
  const without = running.filter(({ id }) => !jobs.has(id))
  for (const { id, attempt } of without) {
    if (suspects.get(id) !== attempt || !(await store.trainings.requeue(id, attempt))) continue
    log.warn({ training: id }, 'sweeper: a running training had no job, it starts again from its last checkpoint')
    await queue.add(id, attempt)
  }
  return new Map(without.map(({ id, attempt }) => [id, attempt]))
}

async function runningTrainings(store: SweepContext['store']) {
  const running = []
  let cursor: string | null | undefined
  do {
    const page = await store.trainings.list({ status: 'running', limit: PAGE, ...(cursor && { cursor }) })
    running.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return running
}

/** Looks now and every `everyMs`. A look that fails (the database is away) is logged; the next one does its work. */
export function openSweeper(context: SweepContext, everyMs: number): Sweeper {
  let suspects: Suspects = new Map()
  let closed = false
  let timer: NodeJS.Timeout | undefined
  const look = async () => {
    try {
      suspects = await sweep(context, suspects)
    } catch (error) {
      context.log.warn({ err: error }, 'sweeper: could not look for lost trainings')
    }
    if (!closed) {
      timer = setTimeout(() => {
        current = look()
      }, everyMs)
    }
  }
  let current = look()
  return {
    async close() {
      closed = true
      clearTimeout(timer)
      await current
    },
  }
}
