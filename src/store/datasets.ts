/** The uploaded datasets: a row here, the table itself a blob. */

import { and, desc, eq, inArray, lt } from 'drizzle-orm'
import { Problem } from '../errors.ts'
import type { Blobs } from './blobs.ts'
import type { Database } from './database.ts'
import { datasetNotFound } from './not-found.ts'
import { keyOfCursor, type Page, type PageRequest, pageOf } from './pages.ts'
import { isText, keepable } from './refusals.ts'
import { type DatasetRow, datasets, trainings } from './schema.ts'

export type NewDataset = Omit<DatasetRow, 'createdAt'>

export interface Datasets {
  /** Keeps a dataset whose blob is already written. @throws {Problem} invalid_request for text that cannot be kept */
  create(dataset: NewDataset): Promise<DatasetRow>
  /** @throws {Problem} dataset_not_found */
  get(id: string): Promise<DatasetRow>
  find(id: string): Promise<DatasetRow | null>
  /** Newest first. @throws {Problem} invalid_request for an unknown cursor */
  list(page: PageRequest): Promise<Page<DatasetRow>>
  /** Deletes row, then blob. @throws {Problem} dataset_not_found, dataset_in_use while a training needs it */
  delete(id: string): Promise<void>
}

export function createDatasets(db: Database, blobs: Blobs): Datasets {
  const find = async (id: string) =>
    isText(id) ? ((await db.select().from(datasets).where(eq(datasets.id, id)))[0] ?? null) : null

  return {
    async create(dataset) {
      const [row] = await db.insert(datasets).values(keepable('the dataset', dataset)).returning()
      if (row === undefined) throw new Error(`insert of dataset ${dataset.id} gave no row`)
      return row
    },
    find,
    async get(id) {
      return (await find(id)) ?? datasetNotFound(id)
    },
    async list({ limit, cursor }) {
      const after = keyOfCursor('datasets', cursor)
      const rows = await db
        .select()
        .from(datasets)
        .where(after === null ? undefined : lt(datasets.id, after))
        .orderBy(desc(datasets.id))
        .limit(limit + 1)
      return pageOf('datasets', rows, limit, (row) => row.id)
    },
    async delete(id) {
      if (!isText(id)) return datasetNotFound(id)
      const blobKey = await db.transaction(async (tx) => {
        // The lock makes a training that is just being created wait, or be seen.
        const [row] = await tx.select().from(datasets).where(eq(datasets.id, id)).for('update')
        if (row === undefined) return datasetNotFound(id)
        const users = await tx
          .select({ id: trainings.id })
          .from(trainings)
          .where(and(eq(trainings.dataset, id), inArray(trainings.status, ['queued', 'running'])))
        if (users.length > 0) throw new Problem('dataset_in_use', inUse(id, users))
        await tx.delete(datasets).where(eq(datasets.id, id))
        return row.blobKey
      })
      await blobs.delete(blobKey)
    },
  }
}

function inUse(id: string, users: readonly { id: string }[]): string {
  const names = users.map((user) => user.id).join(', ')
  return `dataset ${id} is needed by ${names}: wait until it has ended, or cancel it`
}
