/** The real service for tests: the app on a real PostgreSQL and queue, with a worker process where a test asks for one. */

import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import supertest from 'supertest'
import { openEventHub } from '../../src/api/training-events.ts'
import { buildApp } from '../../src/app.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { openQueue, type TrainingQueue } from '../../src/queue/training-queue.ts'
import { startWorkerProcess } from '../../src/queue/worker-process.ts'
import { type Models, openModels } from '../../src/serving/models.ts'
import type { Store } from '../../src/store/store.ts'
import { serviceLog } from './log.ts'
import { silent, testStore } from './postgres.ts'

export interface TestService {
  readonly app: FastifyInstance
  readonly store: Store
  readonly queue: TrainingQueue
  readonly models: Models
  readonly dataDir: string
  /** Of the worker process, where there is one. */
  readonly workerPid: number | undefined
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Requests by supertest. */
  readonly http: ReturnType<typeof supertest>
  close(): Promise<void>
}

export interface TestServiceOptions {
  /** A worker process beside the service, built by `tsc -b`. */
  readonly worker?: boolean
  readonly config?: Partial<Config>
  readonly heartbeatMs?: number
  /** Routes of the test's own, beside the real ones. */
  readonly routes?: (app: FastifyInstance) => void
}

/** Opens a service on a database of its own; `close()` in afterAll. */
export async function testService(options: TestServiceOptions = {}): Promise<TestService> {
  const store = await testStore()
  const { redisUrl } = loadConfig()
  const config: Config = {
    ...loadConfig({ LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'silent' }),
    ...store.config,
    ...(redisUrl !== undefined && { redisUrl }),
    ...options.config,
  }
  const queue = await openQueue(config, store.database, silent)
  const models = await openModels(store, config)
  const hub = await openEventHub(store.trainings)
  const worker = options.worker
    ? startWorkerProcess(config, store.database.url, silent, {
        file: join(import.meta.dirname, '../../dist/workers/main.js'),
      })
    : null
  const { heartbeatMs } = options
  const app = await buildApp({
    config,
    store,
    queue,
    models,
    hub,
    log: serviceLog,
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  })
  options.routes?.(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    app,
    store,
    queue,
    models,
    dataDir: config.dataDir,
    workerPid: worker?.pid,
    url,
    http: supertest(url),
    async close() {
      await app.close()
      await worker?.stop()
      await hub.close()
      await models.close()
      await queue.close()
      await store.close()
    },
  }
}
