/** Whether the process lives, and whether it can do its work. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import type { TrainingQueue } from '../queue/training-queue.ts'
import type { Store } from '../store/store.ts'
import { problemResponse } from './common.ts'

export const healthRoutes: FastifyPluginAsyncTypebox<{ store: Store; queue: TrainingQueue }> = async (
  app,
  { store, queue },
) => {
  const live = {
    operationId: 'getLive',
    summary: 'The process answers',
    tags: ['system'],
    response: { 200: Type.Object({ live: Type.Boolean() }) },
  }
  app.get('/health/live', { schema: live }, () => ({ live: true }))

  const ready = {
    operationId: 'getReady',
    summary: 'The database and the queue answer',
    tags: ['system'],
    response: { 200: Type.Object({ ready: Type.Boolean() }), ...problemResponse },
  }
  app.get('/health/ready', { schema: ready }, async () => {
    await requireAnswer('the database', () => store.database.pool.query('select 1'))
    await requireAnswer('the queue', () => queue.counts())
    return { ready: true }
  })
}

const patienceMs = 2000

/** @throws {Problem} not_ready when the part does not answer in time */
async function requireAnswer(part: string, ask: () => Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${patienceMs} ms`)), patienceMs)
  })
  try {
    await Promise.race([ask(), late])
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem('not_ready', `${part} does not answer: ${reason}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}
