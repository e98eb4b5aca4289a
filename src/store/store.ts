/** Everything that is kept: PostgreSQL (given or embedded), blobs, and one repository per kind of row. */

import type pg from 'pg'
import { type BlobConfig, type Blobs, openBlobs } from './blobs.ts'
import { databaseOn, openPool } from './database.ts'
import { createDatasets, type Datasets } from './datasets.ts'
import { openEmbeddedPostgres } from './embedded/postgres.ts'
import { createIdempotency, type Idempotency } from './idempotency.ts'
import type { Log } from './log.ts'
import { applyMigrations } from './migrate.ts'
import { createModels, type Models } from './models.ts'
import { createSubscriptions, type TrainingNotifications } from './notifications.ts'
import { createTrainings, type Trainings } from './trainings.ts'
import { createVersions, type Versions } from './versions.ts'

/** The part of the configuration that says where things are kept. */
export interface StoreConfig extends BlobConfig {
  /** PostgreSQL to connect to; absent: an embedded one below dataDir. */
  readonly databaseUrl?: string
}

export interface Store {
  /** For the queue, and for `openStore({ ...config, databaseUrl: database.url })` in another process. */
  readonly database: { readonly url: string; readonly pool: pg.Pool }
  readonly blobs: Blobs
  readonly datasets: Datasets
  readonly models: Models
  readonly trainings: Trainings & TrainingNotifications
  readonly versions: Versions
  readonly idempotency: Idempotency
  /** Closes the connections, then the embedded server where nobody else uses it. Again: does nothing more. */
  close(): Promise<void>
}

/**
 * Opens the store: starts the embedded PostgreSQL where no databaseUrl is given, and brings the tables up to date.
 * @throws {Error} with one clear line when the database cannot be reached or started
 */
export async function openStore(config: StoreConfig, log: Log): Promise<Store> {
  const embedded = config.databaseUrl === undefined ? await openEmbeddedPostgres(config.dataDir, log) : null
  try {
    return await openOn(config.databaseUrl ?? embedded?.url ?? '', config, log, async () => embedded?.close())
  } catch (error) {
    await embedded?.close()
    throw error
  }
}

async function openOn(url: string, config: StoreConfig, log: Log, closeServer: () => Promise<void>): Promise<Store> {
  await applyMigrations(url)
  const blobs = await openBlobs(config)
  const pool = openPool(url, log)
  const db = databaseOn(pool)
  const { close: closeSubscriptions, ...notifications } = createSubscriptions(url, db, log)
  const closeAll = async () => {
    await closeSubscriptions()
    await pool.end()
    await closeServer()
  }
  let closing: Promise<void> | null = null
  return {
    database: { url, pool },
    blobs,
    datasets: createDatasets(db, blobs),
    models: createModels(db, blobs),
    trainings: { ...createTrainings(db, blobs), ...notifications },
    versions: createVersions(db),
    idempotency: createIdempotency(db),
    close: () => {
      closing ??= closeAll()
      return closing
    },
  }
}
