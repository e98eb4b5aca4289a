/** What a training leaves to read: its history, its events in order, its checkpoints, and sums over all of them. */

import { and, asc, count, desc, eq, gt, inArray, max, sql, sum } from 'drizzle-orm'
import { type Database, LARGEST_INTEGER, type Transaction } from './database.ts'
import { STEPS_OF_DELETED } from './models.ts'
import {
  type CheckpointKind,
  checkpoints,
  counters,
  type HistoryRow,
  type Json,
  type TrainingRow,
  trainingEvents,
  trainings,
} from './schema.ts'

export interface TrainingEvent {
  /** Counts up from 1 within the training. */
  readonly seq: number
  readonly type: 'epoch' | 'finished'
  /** A history row; of `finished`: `{ status, version, error, stopped }`. */
  readonly data: Json
}

export interface Checkpoint {
  readonly kind: CheckpointKind
  readonly blobKey: string
  /** As saveCheckpoint was given it. */
  readonly info: Json
  readonly createdAt: Date
}

export interface TrainingTotals {
  /** Optimizer steps of all trainings ever, deleted ones too. */
  readonly steps: number
  readonly byStatus: Readonly<Record<string, number>>
  readonly running: readonly { id: string; model: string; epoch: number; loss: number | null }[]
}

export interface TrainingRecords {
  /** By epoch. Empty for an unknown training. */
  history(id: string): Promise<HistoryRow[]>
  /** The events with a higher number than `afterSeq` (0: all), in order. */
  events(id: string, afterSeq: number): Promise<TrainingEvent[]>
  checkpoints(id: string): Promise<Checkpoint[]>
  totals(): Promise<TrainingTotals>
}

export function createTrainingRecords(db: Database): TrainingRecords {
  return {
    async history(id) {
      const rows = await db
        .select({ data: trainingEvents.data })
        .from(trainingEvents)
        .where(and(eq(trainingEvents.training, id), eq(trainingEvents.type, 'epoch')))
        .orderBy(asc(trainingEvents.epoch))
      return rows.map((row) => historyRow(row.data))
    },
    events: (id, afterSeq) =>
      db
        .select({ seq: trainingEvents.seq, type: trainingEvents.type, data: trainingEvents.data })
        .from(trainingEvents)
        .where(and(eq(trainingEvents.training, id), gt(trainingEvents.seq, Math.min(afterSeq, LARGEST_INTEGER))))
        .orderBy(asc(trainingEvents.seq)),
    checkpoints: (id) =>
      db
        .select({
          kind: checkpoints.kind,
          blobKey: checkpoints.blobKey,
          info: checkpoints.info,
          createdAt: checkpoints.createdAt,
        })
        .from(checkpoints)
        .where(eq(checkpoints.training, id))
        .orderBy(asc(checkpoints.kind)),
    totals: () => totals(db),
  }
}

/** Events of type epoch are written by insertEpoch only, so their data is a history row. */
function historyRow(data: Json): HistoryRow {
  return data as HistoryRow
}

async function totals(db: Database): Promise<TrainingTotals> {
  const states = await db
    .select({ status: trainings.status, trainings: count(), steps: sum(trainings.steps).mapWith(Number) })
    .from(trainings)
    .groupBy(trainings.status)
  const [deleted] = await db.select().from(counters).where(eq(counters.name, STEPS_OF_DELETED))
  const running = await db
    .selectDistinctOn([trainings.id], {
      id: trainings.id,
      model: trainings.model,
      epoch: trainings.epoch,
      data: trainingEvents.data,
    })
    .from(trainings)
    .leftJoin(trainingEvents, and(eq(trainingEvents.training, trainings.id), eq(trainingEvents.type, 'epoch')))
    .where(eq(trainings.status, 'running'))
    .orderBy(trainings.id, desc(trainingEvents.epoch))
  return {
    steps: states.reduce((total, state) => total + state.steps, deleted?.value ?? 0),
    byStatus: Object.fromEntries(states.map((state) => [state.status, state.trainings])),
    running: running.map(({ data, ...training }) => ({
      ...training,
      loss: data === null ? null : historyRow(data).loss,
    })),
  }
}

/**
 * Writes the events of epochs. One that an earlier attempt wrote keeps its number and takes the new row. The caller has
 * just updated the training's row and so holds its lock: no two writers count at once.
 */
export async function insertEpochs(tx: Transaction, id: string, history: readonly HistoryRow[]): Promise<void> {
  const ofTraining = eq(trainingEvents.training, id)
  const epochs = history.map((row) => row.epoch)
  const before = await tx
    .select({ seq: trainingEvents.seq, epoch: trainingEvents.epoch })
    .from(trainingEvents)
    .where(and(ofTraining, inArray(trainingEvents.epoch, epochs)))
  const [newest] = await tx
    .select({ seq: max(trainingEvents.seq) })
    .from(trainingEvents)
    .where(ofTraining)
  const seqOf = new Map(before.map((event) => [event.epoch, event.seq]))
  let last = newest?.seq ?? 0
  const events = history.map((row) => {
    const seq = seqOf.get(row.epoch) ?? ++last
    return { training: id, seq, type: 'epoch' as const, epoch: row.epoch, data: finiteOrNull(row) }
  })
  await tx
    .insert(trainingEvents)
    .values(events)
    .onConflictDoUpdate({
      target: [trainingEvents.training, trainingEvents.seq],
      set: { data: sql`excluded.data` },
    })
}

/** Writes the last event of a training that has just ended; its row is locked as above. */
export async function insertFinished(tx: Transaction, row: TrainingRow): Promise<void> {
  const { id, status, version, error, stopped } = row
  const seq = sql<number>`(select coalesce(max(seq), 0) + 1 from training_events where training = ${id})`
  const data = { status, version, error, stopped }
  await tx.insert(trainingEvents).values({ training: id, seq, type: 'finished', data })
}

/** JSON knows no NaN and no infinity: a loss that ran away is told as null. */
function finiteOrNull(history: HistoryRow): Json {
  return Object.fromEntries(
    Object.entries(history).map(([name, value]) => [name, Number.isFinite(value) ? value : null]),
  )
}
