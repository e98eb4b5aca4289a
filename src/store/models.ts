/** The models: a name and a definition; deleting one takes its versions, trainings and their blobs along. */

import { asc, eq, gt, inArray, sql } from 'drizzle-orm'
import { Problem } from '../errors.ts'
import type { Blobs } from './blobs.ts'
import type { Database, Transaction } from './database.ts'
import { modelNotFound } from './not-found.ts'
import { keyOfCursor, type Page, type PageRequest, pageOf } from './pages.ts'
import { isText, keepable } from './refusals.ts'
import { checkpoints, counters, type ModelRow, models, trainings, versions } from './schema.ts'

export type NewModel = Omit<ModelRow, 'createdAt' | 'lastVersion'>

export interface Models {
  /** @throws {Problem} model_exists, invalid_request for text that cannot be kept */
  create(model: NewModel): Promise<ModelRow>
  /** @throws {Problem} model_not_found */
  get(name: string): Promise<ModelRow>
  find(name: string): Promise<ModelRow | null>
  /** By name. @throws {Problem} invalid_request for an unknown cursor */
  list(page: PageRequest): Promise<Page<ModelRow>>
  /** Tells what the first training found out about a model whose input was open. A model that is gone stays gone. */
  describe(name: string, facts: Pick<ModelRow, 'totalParameters' | 'trainableParameters' | 'summary'>): Promise<void>
  /** Deletes the rows, then the blobs. @throws {Problem} model_not_found, model_in_use while a training is at work */
  delete(name: string): Promise<void>
}

/** The counter that keeps the steps of deleted trainings. */
export const STEPS_OF_DELETED = 'steps_of_deleted_trainings'

export function createModels(db: Database, blobs: Blobs): Models {
  const find = async (name: string) =>
    isText(name) ? ((await db.select().from(models).where(eq(models.name, name)))[0] ?? null) : null

  return {
    async create(model) {
      const [row] = await db.insert(models).values(keepable('the model', model)).onConflictDoNothing().returning()
      if (row !== undefined) return row
      throw new Problem('model_exists', `there is a model ${JSON.stringify(model.name)} already: choose another name`)
    },
    find,
    async get(name) {
      return (await find(name)) ?? modelNotFound(name)
    },
    async list({ limit, cursor }) {
      const after = keyOfCursor('models', cursor)
      const rows = await db
        .select()
        .from(models)
        .where(after === null ? undefined : gt(models.name, after))
        .orderBy(asc(models.name))
        .limit(limit + 1)
      return pageOf('models', rows, limit, (row) => row.name)
    },
    async describe(name, facts) {
      if (isText(name)) await db.update(models).set(facts).where(eq(models.name, name))
    },
    async delete(name) {
      if (!isText(name)) return modelNotFound(name)
      const keys = await db.transaction((tx) => deleteRows(tx, name))
      for (const key of keys) await blobs.delete(key)
    },
  }
}

/** Deletes the rows of a model; the keys of the blobs that nobody needs any more. */
async function deleteRows(tx: Transaction, name: string): Promise<string[]> {
  // The lock makes a training that is just being created wait, or be seen.
  const [row] = await tx.select().from(models).where(eq(models.name, name)).for('update')
  if (row === undefined) return modelNotFound(name)
  const own = await tx.select().from(trainings).where(eq(trainings.model, name))
  const busy = own.filter((training) => training.status === 'queued' || training.status === 'running')
  if (busy.length > 0) {
    const names = busy.map((training) => training.id).join(', ')
    throw new Problem('model_in_use', `model ${name} is needed by ${names}: wait until it has ended, or cancel it`)
  }
  const kept = await tx
    .select({ blobKey: checkpoints.blobKey })
    .from(checkpoints)
    .where(
      inArray(
        checkpoints.training,
        own.map((training) => training.id),
      ),
    )
  const served = await tx.select({ blobKey: versions.blobKey }).from(versions).where(eq(versions.model, name))
  await keepSteps(
    tx,
    own.reduce((sum, training) => sum + training.steps, 0),
  )
  await tx.delete(models).where(eq(models.name, name))
  return [...kept, ...served].map((blob) => blob.blobKey)
}

async function keepSteps(tx: Transaction, steps: number): Promise<void> {
  await tx
    .insert(counters)
    .values({ name: STEPS_OF_DELETED, value: steps })
    .onConflictDoUpdate({ target: counters.name, set: { value: sql`${counters.value} + ${steps}` } })
}
