/** The published versions of models; numbers count up per model and are never used twice. */

import { and, desc, eq, sql } from 'drizzle-orm'
import { Problem } from '../errors.ts'
import { type Database, LARGEST_INTEGER, type Transaction } from './database.ts'
import { modelNotFound } from './not-found.ts'
import { isText } from './refusals.ts'
import { models, type VersionRow, versions } from './schema.ts'

export type NewVersion = Omit<VersionRow, 'version' | 'createdAt'>

export interface Versions {
  /** @throws {Problem} model_not_found, version_not_found */
  get(model: string, version: number): Promise<VersionRow>
  /** The newest one. @throws {Problem} model_not_found, model_not_trained when there is none */
  latest(model: string): Promise<VersionRow>
  /** Newest first. @throws {Problem} model_not_found */
  list(model: string): Promise<VersionRow[]>
  /** Publishes a version that no training made (an import). @throws {Problem} model_not_found */
  publish(version: NewVersion): Promise<VersionRow>
}

export function createVersions(db: Database): Versions {
  const requireModel = async (name: string) => {
    if (!isText(name)) return modelNotFound(name)
    const found = await db.select({ name: models.name }).from(models).where(eq(models.name, name))
    return found.length === 0 ? modelNotFound(name) : undefined
  }
  const newestFirst = (model: string) =>
    db.select().from(versions).where(eq(versions.model, model)).orderBy(desc(versions.version))

  // Predictions ask for a version: one query where there is one, more only to say what is missing.
  return {
    async get(model, version) {
      const wanted = and(eq(versions.model, model), eq(versions.version, Math.min(version, LARGEST_INTEGER)))
      const [row] = isText(model) ? await db.select().from(versions).where(wanted) : []
      if (row !== undefined) return row
      await requireModel(model)
      throw new Problem(
        'version_not_found',
        `model ${model} has no version ${version}; GET /v1/models/${model}/versions lists them`,
      )
    },
    async latest(model) {
      const [row] = isText(model) ? await newestFirst(model).limit(1) : []
      if (row !== undefined) return row
      await requireModel(model)
      throw new Problem(
        'model_not_trained',
        `model ${model} has no version yet: train it with POST /v1/models/${model}/trainings`,
      )
    },
    async list(model) {
      await requireModel(model)
      return newestFirst(model)
    },
    async publish(version) {
      return (await db.transaction((tx) => insertVersion(tx, version))) ?? modelNotFound(version.model)
    },
  }
}

/** Gives the version the next number of its model; null when the model is gone. */
export async function insertVersion(tx: Transaction, version: NewVersion): Promise<VersionRow | null> {
  // The update locks the model's row until the transaction ends, so that no two versions get one number.
  const [model] = await tx
    .update(models)
    .set({ lastVersion: sql`${models.lastVersion} + 1` })
    .where(eq(models.name, version.model))
    .returning({ lastVersion: models.lastVersion })
  if (model === undefined) return null
  const [row] = await tx
    .insert(versions)
    .values({ ...version, version: model.lastVersion })
    .returning()
  return row ?? null
}
