/** The tables of the database, in Drizzle's form; `npx drizzle-kit generate` turns a change into a migration. */

import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Warning } from '../errors.ts'

/**
 * A JSON document whose form belongs to the room that wrote it: who reads one back narrows or parses it. The columns are
 * `json`, not `jsonb`, which would put the keys of a definition in another order than its writer did.
 */
export type Json = unknown

/** The states of a training. The last three are final. */
export const trainingStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type TrainingStatus = (typeof trainingStatuses)[number]

/** Metrics by name; a number that is not finite is null. */
export type MetricValues = Record<string, number | null>

export interface TrainingMetrics {
  train?: MetricValues
  validation?: MetricValues
  /** Tables as well: one number per class, a confusion matrix. */
  test?: Record<string, Json>
}

/** Why a training failed: a code of `problems` and its detail. */
export interface TrainingError {
  code: string
  detail: string
}

/** How a training came to its end: the last epoch that ran, and the one whose weights were kept. */
export interface TrainingStop {
  reason: string
  epoch: number
  best_epoch: number
}

/** One epoch as Keras' History tells it. Epochs count from 1; a number that is not finite is null. */
export interface HistoryRow {
  epoch: number
  learning_rate: number
  seconds: number
  loss: number | null
  [metric: string]: number | null
}

const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })
const createdAt = () => moment('created_at').notNull().defaultNow()

export const datasets = pgTable('datasets', {
  id: text().primaryKey(),
  name: text(),
  format: text().notNull(),
  rowCount: integer('row_count').notNull(),
  /** As `describeColumns` of the data room tells them. */
  columns: json().$type<Json>().notNull(),
  warnings: json().$type<readonly Warning[]>().notNull(),
  /** How the file was read: dialect, missing tokens, overrides. */
  settings: json().$type<Json>().notNull(),
  blobKey: text('blob_key').notNull(),
  createdAt: createdAt(),
})

export type DatasetRow = typeof datasets.$inferSelect

export const models = pgTable('models', {
  name: text().primaryKey(),
  definition: json().$type<Json>().notNull(),
  totalParameters: bigint('total_parameters', { mode: 'number' }),
  trainableParameters: bigint('trainable_parameters', { mode: 'number' }),
  summary: json().$type<Json>(),
  /** The last version number given out; numbers are never used twice. */
  lastVersion: integer('last_version').notNull().default(0),
  createdAt: createdAt(),
})

export type ModelRow = typeof models.$inferSelect

export const trainings = pgTable(
  'trainings',
  {
    id: text().primaryKey(),
    model: text()
      .notNull()
      .references(() => models.name, { onDelete: 'cascade' }),
    /** Not a foreign key: the record of a training outlives its dataset. */
    dataset: text().notNull(),
    status: text({ enum: trainingStatuses }).notNull().default('queued'),
    epoch: integer().notNull().default(0),
    epochs: integer().notNull(),
    /** The request with every default told back. */
    request: json().$type<Json>().notNull(),
    metrics: json().$type<TrainingMetrics>().notNull().default({}),
    version: integer(),
    error: json().$type<TrainingError>(),
    stopped: json().$type<TrainingStop>(),
    engine: text().notNull(),
    device: text(),
    warnings: json().$type<readonly Warning[]>().notNull().default([]),
    /** Fencing token: grows with each claim; only the holder of the newest one may write. */
    attempt: integer().notNull().default(0),
    /** Optimizer steps so far. */
    steps: bigint({ mode: 'number' }).notNull().default(0),
    cancelRequested: boolean('cancel_requested').notNull().default(false),
    createdAt: createdAt(),
    queuedAt: moment('queued_at').notNull().defaultNow(),
    startedAt: moment('started_at'),
    finishedAt: moment('finished_at'),
    updatedAt: moment('updated_at').notNull().defaultNow(),
  },
  (table) => [
    index('trainings_by_model').on(table.model),
    index('trainings_by_dataset').on(table.dataset),
    index('trainings_by_status').on(table.status),
    check('trainings_status', sql`${table.status} in ('queued', 'running', 'succeeded', 'failed', 'cancelled')`),
  ],
)

export type TrainingRow = typeof trainings.$inferSelect

/** What happened to a training, in order. Its history is the events of type `epoch`. */
export const trainingEvents = pgTable(
  'training_events',
  {
    training: text()
      .notNull()
      .references(() => trainings.id, { onDelete: 'cascade' }),
    /** Counts up from 1 within the training. */
    seq: integer().notNull(),
    type: text({ enum: ['epoch', 'finished'] }).notNull(),
    /** null for `finished`. */
    epoch: integer(),
    data: json().$type<Json>().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.training, table.seq] }),
    uniqueIndex('training_events_each_epoch_once').on(table.training, table.epoch),
  ],
)

export const checkpointKinds = ['best', 'last'] as const
export type CheckpointKind = (typeof checkpointKinds)[number]

export const checkpoints = pgTable(
  'checkpoints',
  {
    training: text()
      .notNull()
      .references(() => trainings.id, { onDelete: 'cascade' }),
    kind: text({ enum: checkpointKinds }).notNull(),
    blobKey: text('blob_key').notNull(),
    info: json().$type<Json>().notNull(),
    attempt: integer().notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.training, table.kind] })],
)

export const versions = pgTable(
  'versions',
  {
    model: text()
      .notNull()
      .references(() => models.name, { onDelete: 'cascade' }),
    version: integer().notNull(),
    training: text(),
    source: text({ enum: ['training', 'import'] }).notNull(),
    blobKey: text('blob_key').notNull(),
    /** What the served model takes and gives. */
    signature: json().$type<Json>().notNull(),
    metrics: json().$type<TrainingMetrics>().notNull().default({}),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.model, table.version] })],
)

export type VersionRow = typeof versions.$inferSelect

/** Answers of creating requests by Idempotency-Key; `answer` is null while the first request is at work. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    route: text().notNull(),
    key: text().notNull(),
    bodyHash: text('body_hash').notNull(),
    answer: json().$type<{ value: Json }>(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.route, table.key] })],
)

/** Numbers that must not go down when rows are deleted. */
export const counters = pgTable('counters', {
  name: text().primaryKey(),
  value: bigint({ mode: 'number' }).notNull(),
})
