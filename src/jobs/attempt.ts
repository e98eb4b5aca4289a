/** One attempt at a training: claim it, write under the attempt's number only, and leave the record as it ended. */

import type { Problem } from '../errors.ts'
import type { StopReason } from '../queue/consumer.ts'
import type { QueueLog } from '../queue/log.ts'
import type { CheckpointKind, HistoryRow, Json, TrainingMetrics, TrainingRow, TrainingStop } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { createEpochWriter, type EpochWriter } from './epoch-writer.ts'
import type { Outcome } from './outcome.ts'

/** What the work may use: the record it started from, and where to write to. */
export interface Attempt {
  readonly row: TrainingRow
  /** Aborted when the work must stop: end the run at hand, save `last`, and answer with `stopped`. */
  readonly signal: AbortSignal
  /** The bytes of the last checkpoint of that kind, null when there is none yet. */
  loadCheckpoint(kind: CheckpointKind): Promise<Uint8Array | null>
  /** Writes one after the other; epochs recorded before are on the record before the checkpoint is. */
  saveCheckpoint(kind: CheckpointKind, bytes: Uint8Array, info: Readonly<Record<string, unknown>>): Promise<void>
  /** @param steps optimizer steps of the whole training so far */
  recordEpoch(row: HistoryRow, steps: number): Promise<void>
}

export interface Trained {
  readonly status: 'trained'
  readonly metrics: TrainingMetrics
  readonly stopped: TrainingStop | null
  readonly device: string | null
  /** The served model. */
  readonly model: { readonly bytes: Uint8Array; readonly signature: Json }
}

export interface Stopped {
  readonly status: 'stopped'
  readonly stopped: TrainingStop | null
}

/** Trains until the end or until the signal. @throws {Problem} when the training cannot go on: the record then fails */
export type Work = (attempt: Attempt) => Promise<Trained | Stopped>

export interface AttemptContext {
  readonly store: Pick<Store, 'trainings' | 'blobs'>
  /** Aborted by the worker with a {@link StopReason}. */
  readonly signal: AbortSignal
  readonly onAttempt: (attempt: number) => void
  readonly log: QueueLog
}

/**
 * Runs `work` on a training that this process claims.
 * @throws {Error} what is nobody's fault but ours (the database went away): the queue tries again
 */
export async function runAttempt(training: string, context: AttemptContext, work: Work): Promise<Outcome> {
  const claimed = await context.store.trainings.claim(training)
  if (claimed === null) return { status: 'superseded' }
  context.onAttempt(claimed.attempt)
  const run = createRun(claimed.row, context)
  try {
    const result = await work(run.attempt)
    await run.epochs.flush()
    return result.status === 'trained' ? await publish(run, result) : await settleStop(run, result)
  } catch (error) {
    if (run.reason() === 'lost') return { status: 'superseded' }
    if (!isProblem(error)) throw error
    await run.epochs.flush()
    const failed = await context.store.trainings.fail(training, claimed.attempt, {
      code: error.code,
      detail: error.detail,
    })
    return failed ? { status: 'failed', attempt: claimed.attempt } : { status: 'superseded' }
  }
}

interface Run {
  readonly row: TrainingRow
  readonly store: AttemptContext['store']
  readonly attempt: Attempt
  readonly epochs: EpochWriter
  /** Why the work must stop, if it must. */
  reason(): StopReason | undefined
}

function createRun(row: TrainingRow, { store, signal: asked }: AttemptContext): Run {
  const lost = new AbortController()
  const signal = AbortSignal.any([asked, lost.signal])
  const epochs = createEpochWriter((rows, steps) => store.trainings.recordEpochs(row.id, row.attempt, rows, steps))
  const stopIfLost = () => {
    if (epochs.lost) lost.abort('lost')
  }
  let saved = 0
  const attempt: Attempt = {
    row,
    signal,
    async loadCheckpoint(kind) {
      // A first attempt has none: one question less for a training of half a second.
      if (row.attempt === 1) return null
      const found = (await store.trainings.checkpoints(row.id)).find((checkpoint) => checkpoint.kind === kind)
      return found === undefined ? null : store.blobs.get(found.blobKey)
    },
    async saveCheckpoint(kind, bytes, info) {
      await epochs.flush()
      stopIfLost()
      if (lost.signal.aborted) return
      const blobKey = `checkpoints/${row.id}/${row.attempt}-${saved++}-${kind}.safetensors`
      await store.blobs.put(blobKey, bytes)
      if (await store.trainings.saveCheckpoint(row.id, row.attempt, kind, { ...info, blobKey })) return
      lost.abort('lost')
      await store.blobs.delete(blobKey)
    },
    async recordEpoch(history, steps) {
      await epochs.add(history, steps)
      stopIfLost()
    },
  }
  const reason = () => {
    stopIfLost()
    // Only the worker's stop reasons and `lost` are ever given to these controllers.
    if (lost.signal.aborted) return 'lost'
    return asked.aborted ? (asked.reason as StopReason) : undefined
  }
  return { row, store, attempt, epochs, reason }
}

async function publish({ row, store, reason }: Run, result: Trained): Promise<Outcome> {
  const { id, attempt, model } = row
  if (reason() === 'lost') return { status: 'superseded' }
  const blobKey = `versions/${model}/${id}-${attempt}.onnx`
  await store.blobs.put(blobKey, result.model.bytes)
  const { metrics, stopped, device } = result
  const version = await store.trainings.succeed(id, attempt, {
    metrics,
    stopped,
    device,
    version: { blobKey, signature: result.model.signature },
  })
  if (version !== null) return { status: 'succeeded', attempt, version }
  await store.blobs.delete(blobKey)
  const now = await store.trainings.find(id)
  return now?.status === 'cancelled' ? { status: 'cancelled', attempt } : { status: 'superseded' }
}

async function settleStop({ row: { id, attempt }, store, reason }: Run, { stopped }: Stopped): Promise<Outcome> {
  switch (reason()) {
    case 'cancel':
      return (await store.trainings.markCancelled(id, attempt, stopped))
        ? { status: 'cancelled', attempt }
        : { status: 'superseded' }
    case 'shutdown':
      return (await store.trainings.requeue(id, attempt)) ? { status: 'requeued', attempt } : { status: 'superseded' }
    case 'lost':
      return { status: 'superseded' }
    case undefined:
      throw new Error(`training ${id} stopped although nobody asked it to`)
  }
}

/** Problems are known by their code, not by their class: they may come from another copy of the module. */
function isProblem(error: unknown): error is Problem {
  return error instanceof Error && 'code' in error && 'detail' in error && 'errors' in error
}
