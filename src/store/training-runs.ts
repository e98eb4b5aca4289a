/**
 * What the worker writes while a training runs. Every claim gives a new attempt number, the fencing token: a write
 * with an older one, or after the end, changes nothing and says so.
 */

import { and, eq, inArray, type SQL, sql } from 'drizzle-orm'
import { Problem } from '../errors.ts'
import type { Blobs } from './blobs.ts'
import type { Database, Transaction } from './database.ts'
import { trainingNotFound } from './not-found.ts'
import { CANCELS_CHANNEL, EVENTS_CHANNEL, notify } from './notifications.ts'
import { isText } from './refusals.ts'
import {
  type CheckpointKind,
  checkpoints,
  type HistoryRow,
  type Json,
  type TrainingError,
  type TrainingMetrics,
  type TrainingRow,
  type TrainingStop,
  trainings,
} from './schema.ts'
import { insertEpochs, insertFinished } from './training-records.ts'
import { insertVersion } from './versions.ts'

export interface CheckpointInfo {
  /** Of bytes that are already written. */
  readonly blobKey: string
}

export interface TrainingSuccess {
  readonly metrics: TrainingMetrics
  readonly stopped: TrainingStop | null
  readonly device: string | null
  /** The served model; its blob is already written. */
  readonly version: { readonly blobKey: string; readonly signature: Json }
}

export interface TrainingRuns {
  /**
   * Takes a training to work on: `running`, with the next attempt number; `startedAt` stays that of the first claim.
   * null when it has ended; one whose cancel was asked for ends here as `cancelled`.
   */
  claim(id: string): Promise<{ row: TrainingRow; attempt: number } | null>
  /**
   * Keeps epochs and writes their events. An epoch that an earlier attempt wrote is replaced, without a second event.
   * @param history one row or more, by epoch
   * @param steps optimizer steps of the whole training so far
   * @returns false when the attempt is no longer the current one or the training has ended: stop without writing
   */
  recordEpochs(id: string, attempt: number, history: readonly HistoryRow[], steps: number): Promise<boolean>
  /** Puts a checkpoint in the place of the one before it, whose blob is deleted. @returns as recordEpochs */
  saveCheckpoint(id: string, attempt: number, kind: CheckpointKind, info: CheckpointInfo): Promise<boolean>
  /**
   * Ends the training as `succeeded` and publishes the next version of its model, all or nothing.
   * @returns the version's number; null when the attempt is no longer the current one, or when a cancel was asked for
   *   before: the training is then `cancelled`
   */
  succeed(id: string, attempt: number, success: TrainingSuccess): Promise<number | null>
  /** Ends the training as `failed`; attempt null: whoever works on it. @returns false when it has ended otherwise */
  fail(id: string, attempt: number | null, error: TrainingError): Promise<boolean>
  /** Gives a running training back to the queue, or ends it when a cancel was asked for. @returns as recordEpochs */
  requeue(id: string, attempt: number): Promise<boolean>
  /** Ends a running training as `cancelled`. @returns as recordEpochs */
  markCancelled(id: string, attempt: number, stopped?: TrainingStop | null): Promise<boolean>
  /**
   * Asks for the end: a queued training ends at once, the worker of a running one hears of it (onCancel).
   * @throws {Problem} training_not_found, training_ended
   */
  requestCancel(id: string): Promise<TrainingRow>
}

export function createTrainingRuns(db: Database, blobs: Blobs): TrainingRuns {
  return {
    claim: (id) => db.transaction((tx) => claim(tx, id)),
    recordEpochs: (id, attempt, history, steps) =>
      db.transaction(async (tx) => {
        const [row] = await tx
          .update(trainings)
          .set({
            // After a restart from a checkpoint epochs come again: what is told must not go back.
            epoch: sql`greatest(${trainings.epoch}, ${Math.max(...history.map((row) => row.epoch))}::integer)`,
            steps: sql`greatest(${trainings.steps}, ${steps}::bigint)`,
            updatedAt: NOW,
          })
          .where(heldBy(id, attempt))
          .returning({ id: trainings.id })
        if (row === undefined) return false
        await insertEpochs(tx, id, history)
        await notify(tx, EVENTS_CHANNEL, id)
        return true
      }),
    saveCheckpoint: (id, attempt, kind, info) => saveCheckpoint(db, blobs, { id, attempt, kind, info }),
    succeed: (id, attempt, success) => db.transaction((tx) => succeed(tx, id, attempt, success)),
    fail: (id, attempt, error) =>
      db.transaction((tx) => end(tx, attempt === null ? open(id) : heldBy(id, attempt), { status: 'failed', error })),
    requeue: (id, attempt) => db.transaction((tx) => requeue(tx, id, attempt)),
    markCancelled: (id, attempt, stopped = null) =>
      db.transaction((tx) => end(tx, heldBy(id, attempt), { status: 'cancelled', stopped })),
    requestCancel: async (id) => (isText(id) ? db.transaction((tx) => requestCancel(tx, id)) : trainingNotFound(id)),
  }
}

const NOW = sql`now()`

/** The training while this attempt is the current one. */
const heldBy = (id: string, attempt: number) =>
  and(eq(trainings.id, id), eq(trainings.attempt, attempt), eq(trainings.status, 'running'))

/** The training while it has not ended. */
const open = (id: string) => and(eq(trainings.id, id), inArray(trainings.status, ['queued', 'running']))

type Ending = Pick<TrainingRow, 'status'> &
  Partial<Pick<TrainingRow, 'error' | 'stopped' | 'metrics' | 'device' | 'version'>>

/** Ends the training that `which` finds, with its one event `finished`; false when it finds none. */
async function end(tx: Transaction, which: SQL | undefined, ending: Ending): Promise<boolean> {
  const [row] = await tx
    .update(trainings)
    .set({ ...ending, finishedAt: NOW, updatedAt: NOW })
    .where(which)
    .returning()
  if (row === undefined) return false
  await insertFinished(tx, row)
  await notify(tx, EVENTS_CHANNEL, row.id)
  return true
}

async function claim(tx: Transaction, id: string): Promise<{ row: TrainingRow; attempt: number } | null> {
  const [row] = await tx
    .update(trainings)
    .set({
      status: 'running',
      attempt: sql`${trainings.attempt} + 1`,
      startedAt: sql`coalesce(${trainings.startedAt}, now())`,
      updatedAt: NOW,
    })
    .where(open(id))
    .returning()
  if (row === undefined) return null
  if (!row.cancelRequested) return { row, attempt: row.attempt }
  // Its worker was lost before it heard of the cancel.
  await end(tx, heldBy(id, row.attempt), { status: 'cancelled' })
  return null
}

async function saveCheckpoint(
  db: Database,
  blobs: Blobs,
  { id, attempt, kind, info }: { id: string; attempt: number; kind: CheckpointKind; info: CheckpointInfo },
): Promise<boolean> {
  const saved = await db.transaction(async (tx) => {
    const [held] = await tx.select({ id: trainings.id }).from(trainings).where(heldBy(id, attempt)).for('update')
    if (held === undefined) return null
    const place = and(eq(checkpoints.training, id), eq(checkpoints.kind, kind))
    const before = await tx.select({ blobKey: checkpoints.blobKey }).from(checkpoints).where(place)
    const written = { blobKey: info.blobKey, info, attempt, createdAt: NOW }
    await tx
      .insert(checkpoints)
      .values({ training: id, kind, ...written })
      .onConflictDoUpdate({ target: [checkpoints.training, checkpoints.kind], set: written })
    const still = await tx
      .select({ blobKey: checkpoints.blobKey })
      .from(checkpoints)
      .where(eq(checkpoints.training, id))
    // Best and last may share a blob.
    return before.filter((old) => still.every((kept) => kept.blobKey !== old.blobKey))
  })
  if (saved === null) return false
  for (const old of saved) await blobs.delete(old.blobKey)
  return true
}

async function succeed(
  tx: Transaction,
  id: string,
  attempt: number,
  { metrics, stopped, device, version }: TrainingSuccess,
): Promise<number | null> {
  const [held] = await tx.select().from(trainings).where(heldBy(id, attempt)).for('update')
  if (held === undefined) return null
  if (held.cancelRequested) {
    // The cancel was accepted before: whoever asked must not find a version.
    await end(tx, heldBy(id, attempt), { status: 'cancelled', metrics, stopped, device })
    return null
  }
  const published = await insertVersion(tx, {
    ...version,
    model: held.model,
    training: id,
    source: 'training',
    metrics,
  })
  if (published === null) throw new Error(`model ${held.model} is gone although training ${id} runs`)
  await end(tx, heldBy(id, attempt), { status: 'succeeded', metrics, stopped, device, version: published.version })
  return published.version
}

async function requeue(tx: Transaction, id: string, attempt: number): Promise<boolean> {
  const [row] = await tx
    .update(trainings)
    .set({ status: 'queued', queuedAt: NOW, updatedAt: NOW })
    .where(and(heldBy(id, attempt), eq(trainings.cancelRequested, false)))
    .returning({ id: trainings.id })
  return row !== undefined || (await end(tx, heldBy(id, attempt), { status: 'cancelled' }))
}

async function requestCancel(tx: Transaction, id: string): Promise<TrainingRow> {
  const [row] = await tx.update(trainings).set({ cancelRequested: true, updatedAt: NOW }).where(open(id)).returning()
  if (row?.status === 'running') await notify(tx, CANCELS_CHANNEL, id)
  if (row?.status === 'queued') await end(tx, open(id), { status: 'cancelled' })
  const [now] = await tx.select().from(trainings).where(eq(trainings.id, id))
  if (now === undefined) return trainingNotFound(id)
  if (row !== undefined) return now
  throw new Problem('training_ended', `training ${id} has ended as ${now.status}: there is nothing to cancel`)
}
