/** The trainings: what was asked, how far it is, what came out. Writing while one runs is in training-run.ts. */

import { and, desc, eq, lt, sql } from 'drizzle-orm'
import type { Warning } from '../errors.ts'
import type { Blobs } from './blobs.ts'
import type { Database } from './database.ts'
import { datasetNotFound, modelNotFound, trainingNotFound } from './not-found.ts'
import { keyOfCursor, type Page, type PageRequest, pageOf } from './pages.ts'
import { isText, keepable } from './refusals.ts'
import { datasets, type Json, models, type TrainingRow, type TrainingStatus, trainings } from './schema.ts'
import { createTrainingRecords, type TrainingRecords } from './training-records.ts'
import { createTrainingRuns, type TrainingRuns } from './training-runs.ts'

export interface NewTraining {
  readonly id: string
  readonly model: string
  readonly dataset: string
  readonly epochs: number
  /** The request with every default told back. */
  readonly request: Json
  readonly engine: string
  readonly device?: string | null
  readonly warnings?: readonly Warning[]
}

export interface TrainingFilter extends PageRequest {
  readonly model?: string | undefined
  readonly status?: TrainingStatus | undefined
}

export interface Trainings extends TrainingRuns, TrainingRecords {
  /** Keeps a training as `queued`. @throws {Problem} model_not_found, dataset_not_found, invalid_request for text that cannot be kept */
  create(training: NewTraining): Promise<TrainingRow>
  /** @throws {Problem} training_not_found */
  get(id: string): Promise<TrainingRow>
  find(id: string): Promise<TrainingRow | null>
  /** Newest first. @throws {Problem} invalid_request for an unknown cursor */
  list(filter: TrainingFilter): Promise<Page<TrainingRow>>
  /** Trainings that have been `queued` for longer than `olderThanMs`, oldest first: for the sweeper of the queue. */
  unqueued(olderThanMs: number): Promise<{ id: string; attempt: number }[]>
}

export function createTrainings(db: Database, blobs: Blobs): Trainings {
  const find = async (id: string) =>
    isText(id) ? ((await db.select().from(trainings).where(eq(trainings.id, id)))[0] ?? null) : null

  return {
    ...createTrainingRuns(db, blobs),
    ...createTrainingRecords(db),
    create: async (training) => create(db, keepable('the training', training)),
    find,
    async get(id) {
      return (await find(id)) ?? trainingNotFound(id)
    },
    async list({ model, status, limit, cursor }) {
      const after = keyOfCursor('trainings', cursor)
      if (model !== undefined && !isText(model)) return { items: [], nextCursor: null }
      const wanted = and(
        model === undefined ? undefined : eq(trainings.model, model),
        status === undefined ? undefined : eq(trainings.status, status),
        after === null ? undefined : lt(trainings.id, after),
      )
      const rows = await db
        .select()
        .from(trainings)
        .where(wanted)
        .orderBy(desc(trainings.id))
        .limit(limit + 1)
      return pageOf('trainings', rows, limit, (row) => row.id)
    },
    unqueued: (olderThanMs) =>
      db
        .select({ id: trainings.id, attempt: trainings.attempt })
        .from(trainings)
        .where(
          and(eq(trainings.status, 'queued'), lt(trainings.queuedAt, sql`now() - ${olderThanMs} * interval '1 ms'`)),
        )
        .orderBy(trainings.queuedAt),
  }
}

function create(db: Database, training: NewTraining): Promise<TrainingRow> {
  return db.transaction(async (tx) => {
    // Shared locks: whoever deletes the model or the dataset waits, and then sees this training.
    const [model] = await tx
      .select({ name: models.name })
      .from(models)
      .where(eq(models.name, training.model))
      .for('share')
    if (model === undefined) return modelNotFound(training.model)
    const wanted = eq(datasets.id, training.dataset)
    const [dataset] = await tx.select({ id: datasets.id }).from(datasets).where(wanted).for('share')
    if (dataset === undefined) return datasetNotFound(training.dataset)
    const [row] = await tx.insert(trainings).values(training).returning()
    if (row === undefined) throw new Error(`insert of training ${training.id} gave no row`)
    return row
  })
}
