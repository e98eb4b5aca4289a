/** Where the queue lives: Redis with REDIS_URL, otherwise BullMQ's own schema in the PostgreSQL database of the store. */

import { type BackendFactory, createPostgresBackend, createRedisBackend, type IQueueBackend } from 'bullmq'
import type { Config } from '../config.ts'

/** BullMQ's tables; apart from the store's, so that both can be migrated on their own. */
export const QUEUE_SCHEMA = 'bullmq'

/** One queue or worker runs a query at a time or two; the rest of PostgreSQL's connections belong to the store. */
const POOL_SIZE = 3

/** A place for queues: the first options and the last argument of BullMQ's constructors. */
export interface QueueBackend {
  readonly kind: 'redis' | 'postgresql'
  readonly options: {
    /** A URL, which `factory` turns into what its client wants. */
    readonly connection: string
    /** First part of the keys in Redis: two databases may share a Redis and do not see each other's jobs. */
    readonly prefix: string
  }
  readonly factory: BackendFactory<IQueueBackend, string>
}

/**
 * Chooses the backend; opens nothing.
 * @param databaseUrl the store's database, used when the config names no Redis
 */
export function queueBackend(config: Pick<Config, 'redisUrl'>, databaseUrl: string): QueueBackend {
  const prefix = `fitserve-${new URL(databaseUrl).pathname.slice(1)}`
  return config.redisUrl === undefined
    ? { kind: 'postgresql', options: { connection: databaseUrl, prefix }, factory: onPostgresql }
    : { kind: 'redis', options: { connection: config.redisUrl, prefix }, factory: onRedis }
}

/** How often Redis is tried again for a producer's command (the pauses grow from 1 s): a request must not wait for ever. */
const PRODUCER_RETRIES = 2

const onRedis: BackendFactory<IQueueBackend, string> = (name, options, parts) => {
  // A worker waits for Redis to come back for as long as it takes; BullMQ demands null for it.
  const maxRetriesPerRequest = parts?.withBlockingConnection ? null : PRODUCER_RETRIES
  return createRedisBackend(name, { ...options, connection: { url: options.connection, maxRetriesPerRequest } }, parts)
}

const onPostgresql: BackendFactory<IQueueBackend, string> = (name, options, parts) =>
  createPostgresBackend(
    name,
    {
      ...options,
      connection: {
        connectionString: options.connection,
        schema: QUEUE_SCHEMA,
        migrate: true,
        max: POOL_SIZE,
        application_name: 'fitserve queue',
      },
    },
    parts,
  )
