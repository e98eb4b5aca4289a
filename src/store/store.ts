/** Everything that is kept: PostgreSQL (given or embedded), blobs, and one repository per kind of row. */

import type pg from 'pg'
import type { Blobs } from './blobs.ts'
import type { Datasets } from './datasets.ts'
import type { Idempotency } from './idempotency.ts'
import type { Log } from './log.ts'
import type { Models } from './models.ts'
import type { Trainings } from './trainings.ts'
import type { Versions } from './versions.ts'

/** The part of the configuration that says where things are kept. */
export interface StoreConfig {
  /** PostgreSQL to connect to; absent: an embedded one below dataDir. */
  readonly databaseUrl?: string
  /** Absolute. */
  readonly dataDir: string
  readonly s3?: {
    readonly bucket: string
    readonly region: string
    readonly endpoint?: string
    readonly accessKeyId?: string
    readonly secretAccessKey?: string
    readonly forcePathStyle: boolean
  }
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
  /** Closes the connections, then the embedded server where nobody else uses it. Again: does nothing. */
  close(): Promise<void>
}

/** Messages between processes. Each gives a function that ends the subscription. */
export interface TrainingNotifications {
  /** Calls the listener when there are new events of a training; also once after a lost connection came back. */
  onEvent(listener: (trainingId: string) => void): Promise<() => Promise<void>>
  /** Calls the listener when a cancel of a running training was asked for. */
  onCancel(listener: (trainingId: string) => void): Promise<() => Promise<void>>
}

/**
 * Opens the store: starts the embedded PostgreSQL where no databaseUrl is given, and brings the tables up to date.
 * @throws {Error} with one clear line when the database cannot be reached or started
 */
export declare function openStore(config: StoreConfig, log: Log): Promise<Store>
