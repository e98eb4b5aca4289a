/** A training, from its record to a published version: plan, fit, checkpoints, test metrics, served model. */

import type { Config } from '../config.ts'
import { tableFromBytes } from '../data/codec.ts'
import type { ColumnInfo } from '../data/columns.ts'
import type { PartName } from '../data/splits.ts'
import type { Table } from '../data/table.ts'
import { encodePart } from '../planning/parts.ts'
import { type PlanInput, planTraining, type TrainingPlan } from '../planning/plan.ts'
import type { TrainingMetrics, TrainingRow } from '../store/schema.ts'
import type { Store } from '../store/store.ts'
import { openBestBackend } from '../tensorflow/backend.ts'
import { openSteps } from '../tensorflow/trainer.ts'
import type { TrainingState } from '../training/checkpoint.ts'
import { engineOf, type OpenEngine, openOnnx } from '../training/engine.ts'
import { exportModel } from '../training/export.ts'
import { evaluate, type FitEvents, type FitSettings, fit, type HistoryRow } from '../training/fit.ts'
import { type Attempt, type AttemptContext, runAttempt, type Stopped, type Trained } from './attempt.ts'
import { openCheckpoints } from './checkpoints.ts'
import type { Outcome } from './outcome.ts'

export interface TrainingContext extends AttemptContext {
  readonly store: Store
  readonly config: Pick<Config, 'executionProviders' | 'threads'>
}

/**
 * Runs a training that this process claims, from its last checkpoint if it has one.
 * A fault of the request, the data or the numbers (a Problem) ends the record as `failed`.
 * @throws {Error} what is nobody's fault but ours: the queue tries again
 */
export function runTraining(training: string, context: TrainingContext): Promise<Outcome> {
  return runAttempt(training, context, (attempt) => trainNetwork(attempt, context))
}

async function trainNetwork(attempt: Attempt, { store, config }: TrainingContext): Promise<Trained | Stopped> {
  const { plan, table } = await prepare(attempt.row, store)
  const settings = fitSettings(plan, table, config)
  const checkpoints = await openCheckpoints(attempt)
  const { open, device } = await engineFor(plan, config)
  let lastRow: HistoryRow | undefined
  const events: FitEvents = {
    ...checkpoints.resume,
    signal: attempt.signal,
    onEpoch(row, { steps }) {
      lastRow = row
      return attempt.recordEpoch(row, steps)
    },
    onRun: (progress) => checkpoints.whenDue(progress),
  }
  const result = await fit(settings, events, open)
  await checkpoints.save(result)
  if (result.outcome === 'stopped') {
    const { epoch, best } = result.last.position
    // Told of a cancelled training only: one that goes back to the queue has not ended.
    return { status: 'stopped', stopped: { reason: 'cancelled', epoch, best_epoch: best?.epoch ?? epoch } }
  }
  // A training that was lost between its last epoch and its end runs no epoch when it comes back.
  lastRow ??= (await store.trainings.history(attempt.row.id)).at(-1)
  const test = await testMetrics(plan, table, settings, result.last)
  return {
    status: 'trained',
    metrics: { ...metricsOf(lastRow), ...(test && { test }) },
    stopped: null,
    device,
    // As Keras does without early stopping: the weights of the last epoch.
    model: exportModel({ ...plan, weights: result.last.weights }),
  }
}

/** Who takes the steps, and on what. TensorFlow.js is loaded here, and only where it is asked for. */
async function engineFor(
  { request }: TrainingPlan,
  { executionProviders }: TrainingContext['config'],
): Promise<{ open: OpenEngine; device: string | null }> {
  if (request.engine === 'onnxruntime') return { open: openOnnx, device: executionProviders[0] ?? null }
  const backend = await openBestBackend()
  return { open: engineOf((settings) => openSteps(backend, settings)), device: backend.device }
}

async function prepare(row: TrainingRow, store: Store): Promise<{ plan: TrainingPlan; table: Table }> {
  const [model, dataset] = await Promise.all([store.models.get(row.model), store.datasets.get(row.dataset)])
  const table = tableFromBytes(await store.blobs.get(dataset.blobKey))
  const plan = planTraining({
    // The API stores what parseDefinition and describeColumns gave; nothing else writes these columns.
    definition: model.definition as PlanInput['definition'],
    columns: dataset.columns as readonly ColumnInfo[],
    table,
    request: row.request,
  })
  return { plan, table }
}

/** What `fit` trains for a plan. */
export function fitSettings(plan: TrainingPlan, table: Table, config: TrainingContext['config']): FitSettings {
  return {
    ...plan,
    train: encodePart(plan, table, 'train'),
    validation: partIfAny(plan, table, 'validation'),
    providers: config.executionProviders,
    threads: config.threads,
  }
}

/** The rows of a part; null when the split leaves it empty. */
function partIfAny(plan: TrainingPlan, table: Table, part: PartName) {
  return plan.split[part].length === 0 ? null : encodePart(plan, table, part)
}

async function testMetrics(plan: TrainingPlan, table: Table, settings: FitSettings, { weights }: TrainingState) {
  const part = partIfAny(plan, table, 'test')
  return part === null ? null : evaluate(settings, weights, part)
}

const notMetrics = new Set(['epoch', 'learning_rate', 'seconds'])

/** The numbers of the last epoch: those named `val_…` are of the validation part, the others of the training part. */
export function metricsOf(row: HistoryRow | undefined): TrainingMetrics {
  const train: Record<string, number | null> = {}
  const validation: Record<string, number | null> = {}
  for (const [key, value] of Object.entries(row ?? {})) {
    if (notMetrics.has(key)) continue
    if (key.startsWith('val_')) validation[key.slice('val_'.length)] = value
    else train[key] = value
  }
  return { train, ...(Object.keys(validation).length > 0 && { validation }) }
}
