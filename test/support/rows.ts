/** Rows for tests of the store: a dataset, a model, a training, with as little as they need. */

import { newId } from '../../src/store/ids.ts'
import type { HistoryRow, TrainingRow } from '../../src/store/schema.ts'
import type { Store } from '../../src/store/store.ts'

let count = 0

/** A dataset with its blob; its id. */
export async function addDataset(store: Store): Promise<string> {
  const id = newId('ds')
  const blobKey = `datasets/${id}`
  await store.blobs.put(blobKey, new Uint8Array([1, 2, 3]))
  await store.datasets.create({
    id,
    name: 'flowers',
    format: 'csv',
    rowCount: 3,
    columns: [{ name: 'a', type: 'number', missing_count: 0 }],
    warnings: [],
    settings: {},
    blobKey,
  })
  return id
}

/** A model; its name. */
export async function addModel(store: Store): Promise<string> {
  count += 1
  const name = `model-${count}`
  await store.models.create({ name, definition: {}, totalParameters: 10, trainableParameters: 10, summary: null })
  return name
}

/** A queued training of a new model on a new dataset, unless they are given. */
export async function addTraining(
  store: Store,
  given: { model?: string; dataset?: string } = {},
): Promise<TrainingRow> {
  const model = given.model ?? (await addModel(store))
  const dataset = given.dataset ?? (await addDataset(store))
  return store.trainings.create({ id: newId('tr'), model, dataset, epochs: 10, request: {}, engine: 'onnxruntime' })
}

/** A running training with its first attempt. */
export async function addRunning(
  store: Store,
  model?: string,
): Promise<{ id: string; attempt: number; model: string }> {
  const row = await addTraining(store, model === undefined ? {} : { model })
  const claimed = await store.trainings.claim(row.id)
  if (claimed === null) throw new Error('a queued training could not be claimed')
  return { id: row.id, attempt: claimed.attempt, model: row.model }
}

/** The history row of an epoch. */
export function epochRow(epoch: number, loss: number): HistoryRow {
  return { epoch, learning_rate: 0.001, seconds: 0.1, loss }
}

/** What a training ends with when it succeeds. */
export function success(blobKey: string) {
  return {
    metrics: { train: { loss: 0.1 }, test: { accuracy: 0.9 } },
    stopped: { reason: 'epochs', epoch: 10, best_epoch: 8 },
    device: 'cpu',
    version: { blobKey, signature: { features: [] } },
  }
}
