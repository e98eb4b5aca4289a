import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { tableToBytes } from '../../src/data/codec.ts'
import { readTable } from '../../src/data/readers/read-table.ts'
import { metricsOf, runTraining, type TrainingContext } from '../../src/jobs/train.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { newId } from '../../src/store/ids.ts'
import type { HistoryRow } from '../../src/store/schema.ts'
import type { Store } from '../../src/store/store.ts'
import { checkpointFromBytes } from '../../src/training/checkpoint.ts'
import { silent, testStore } from '../support/postgres.ts'

const iris = join(import.meta.dirname, '../../examples/iris.csv')
const config: TrainingContext['config'] = { ...loadConfig({}), threads: 1 }
const definition = parseDefinition({
  layers: [
    { type: 'Dense', units: 8, activation: 'relu' },
    { type: 'Dropout', rate: 0.1 },
    { type: 'Dense', units: 3, activation: 'softmax' },
  ],
})

let store: Store
let dataset: string
let model: string

beforeAll(async () => {
  store = await testStore()
  const { table, format, columns, warnings } = await readTable(await readFile(iris))
  dataset = newId('ds')
  const blobKey = `datasets/${dataset}`
  await store.blobs.put(blobKey, tableToBytes(table))
  await store.datasets.create({
    ...{ id: dataset, name: 'iris', format, rowCount: table.rowCount, columns, warnings, settings: {}, blobKey },
  })
  model = 'iris'
  await store.models.create({
    name: model,
    definition,
    totalParameters: null,
    trainableParameters: null,
    summary: null,
  })
})
afterAll(() => store.close())

/** A queued training, with the request resolved as the API does. */
async function addTraining(given: Record<string, unknown> = {}): Promise<string> {
  const { table, columns } = await readTable(await readFile(iris))
  const request = { dataset, target: 'species', epochs: 20, seed: 3, ...given }
  const plan = planTraining({ definition, table, columns, request })
  const id = newId('tr')
  await store.trainings.create({
    ...{ id, model, dataset, epochs: plan.epochs, request: plan.request, engine: plan.request.engine },
  })
  return id
}

function run(training: string, signal: AbortSignal = new AbortController().signal, through: Store = store) {
  return runTraining(training, { store: through, config, log: silent, signal, onAttempt: () => undefined })
}

/** Aborts when an epoch from `epoch` on is about to be recorded. */
function runUntilEpoch(training: string, epoch: number, reason: string) {
  const controller = new AbortController()
  const trainings: Store['trainings'] = {
    ...store.trainings,
    recordEpochs(id, attempt, rows, steps) {
      if (rows.some((row) => row.epoch >= epoch)) controller.abort(reason)
      return store.trainings.recordEpochs(id, attempt, rows, steps)
    },
  }
  return run(training, controller.signal, { ...store, trainings })
}

const withoutSeconds = (history: HistoryRow[]) => history.map(({ seconds: _, ...row }) => row)

describe('a training that ends', () => {
  let training: string
  beforeAll(async () => {
    training = await addTraining()
    await run(training)
  })

  test('has published a version of its model', async () => {
    const row = await store.trainings.get(training)
    expect(row).toMatchObject({ status: 'succeeded', epoch: 20, error: null, stopped: null, device: 'cpu' })
    const version = await store.versions.get(model, row.version ?? 0)
    expect(version).toMatchObject({ training, source: 'training', metrics: row.metrics })
    expect((await store.blobs.get(version.blobKey)).byteLength).toBeGreaterThan(500)
  })

  test('has each epoch once on its history, under the names of Keras', async () => {
    const history = await store.trainings.history(training)
    expect(history.map((row) => row.epoch)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(Object.keys(history[0] ?? {}).sort()).toEqual(
      ['accuracy', 'epoch', 'learning_rate', 'loss', 'seconds', 'val_accuracy', 'val_loss'].sort(),
    )
  })

  test('has the metrics of its last epoch, and of the test part', async () => {
    const { metrics } = await store.trainings.get(training)
    const last = (await store.trainings.history(training)).at(-1)
    expect(metrics.train?.loss).toBe(last?.loss)
    expect(metrics.validation?.accuracy).toBe(last?.val_accuracy)
    expect(Object.keys(metrics.test ?? {}).sort()).toEqual(['accuracy', 'loss'])
  })

  test('keeps its last and its best state', async () => {
    const kept = await store.trainings.checkpoints(training)
    expect(kept.map(({ kind }) => kind).sort()).toEqual(['best', 'last'])
    const history = await store.trainings.history(training)
    const lowest = Math.min(...history.map((row) => row.val_loss ?? Number.POSITIVE_INFINITY))
    for (const { kind, blobKey } of kept) {
      const { position } = checkpointFromBytes(await store.blobs.get(blobKey))
      const expected = kind === 'last' ? 20 : history.find((row) => row.val_loss === lowest)?.epoch
      expect(position.epoch).toBe(expected)
    }
  })

  test('is not run again', async () => {
    expect(await run(training)).toEqual({ status: 'superseded' })
  })
})

test('a split without validation and test rows gives train metrics only', async () => {
  const training = await addTraining({ split: { train: 1, validation: 0, test: 0 }, epochs: 2 })
  await run(training)
  expect(Object.keys((await store.trainings.get(training)).metrics)).toEqual(['train'])
})

test('a training that was stopped twice ends with the history of one that was not', async () => {
  const [whole, parted] = [await addTraining({ epochs: 500 }), await addTraining({ epochs: 500 })]
  await run(whole)
  expect(await runUntilEpoch(parted, 1, 'shutdown')).toEqual({ status: 'requeued', attempt: 1 })
  expect(await store.trainings.get(parted)).toMatchObject({ status: 'queued' })
  expect(await runUntilEpoch(parted, 20, 'shutdown')).toEqual({ status: 'requeued', attempt: 2 })
  expect(await run(parted)).toMatchObject({ status: 'succeeded' })
  const histories = await Promise.all([whole, parted].map((id) => store.trainings.history(id)))
  expect(withoutSeconds(histories[1] ?? [])).toEqual(withoutSeconds(histories[0] ?? []))
  const rows = await Promise.all([whole, parted].map((id) => store.trainings.get(id)))
  expect(rows[1]?.metrics).toEqual(rows[0]?.metrics)
  expect(rows[1]?.steps).toBe(rows[0]?.steps)
  // One event an epoch and one for the end: no epoch ran twice.
  expect(await store.trainings.events(parted, 0)).toHaveLength(501)
})

test('what an optimizer and a plateau remember outlives a stop', async () => {
  const given = {
    epochs: 300,
    optimizer: { name: 'adamw', clipnorm: 1, use_ema: true, gradient_accumulation_steps: 3, learning_rate: 0.01 },
    reduce_lr_on_plateau: { monitor: 'val_accuracy', min_delta: 1, patience: 2, factor: 0.5, min_lr: 0.002 },
  }
  const whole = await addTraining(given)
  await run(whole)
  const stopped = await addTraining(given)
  expect(await runUntilEpoch(stopped, 3, 'shutdown')).toMatchObject({ status: 'requeued' })
  await run(stopped)
  const [expected, history] = [await store.trainings.history(whole), await store.trainings.history(stopped)]
  const rates = expected.slice(0, 8).map((row) => row.learning_rate)
  expect(rates).toEqual([0.01, 0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025, 0.002])
  expect(withoutSeconds(history)).toEqual(withoutSeconds(expected))
  expect((await store.trainings.get(stopped)).metrics).toEqual((await store.trainings.get(whole)).metrics)
})

test('a cancelled training keeps its last state and says where it stopped', async () => {
  const training = await addTraining({ epochs: 10_000 })
  expect(await runUntilEpoch(training, 3, 'cancel')).toMatchObject({ status: 'cancelled' })
  const row = await store.trainings.get(training)
  expect(row).toMatchObject({ status: 'cancelled', version: null, stopped: { reason: 'cancelled', epoch: row.epoch } })
  expect((await store.trainings.checkpoints(training)).map(({ kind }) => kind)).toContain('last')
})

test('a training whose worker lost its lock is left running for whoever takes it next', async () => {
  const training = await addTraining({ epochs: 500 })
  expect(await runUntilEpoch(training, 3, 'lost')).toEqual({ status: 'superseded' })
  expect(await store.trainings.get(training)).toMatchObject({ status: 'running', attempt: 1 })
  expect(await run(training)).toMatchObject({ status: 'succeeded', attempt: 2 })
  expect(await store.trainings.events(training, 0)).toHaveLength(501)
})

test('an attempt that another one has overtaken stops by itself, and does not publish', async () => {
  const training = await addTraining({ epochs: 100_000 })
  const running = run(training)
  await expect.poll(async () => (await store.trainings.get(training)).epoch).toBeGreaterThan(0)
  await store.trainings.claim(training)
  expect(await running).toEqual({ status: 'superseded' })
  expect(await store.trainings.get(training)).toMatchObject({ status: 'running', attempt: 2, version: null })
})

test('a loss that is no longer finite fails the training with its reason', async () => {
  const training = await addTraining({ optimizer: { name: 'sgd', learning_rate: 1e30 } })
  expect(await run(training)).toEqual({ status: 'failed', attempt: 1 })
  const { error, version } = await store.trainings.get(training)
  expect(error).toMatchObject({ code: 'loss_not_finite', detail: expect.stringContaining('learning_rate') })
  expect(version).toBeNull()
})

test('metrics are told by part', () => {
  const row = { epoch: 3, learning_rate: 0.1, seconds: 1, loss: 0.5, accuracy: null, val_loss: 0.6, val_accuracy: 0.7 }
  expect(metricsOf(row)).toEqual({
    train: { loss: 0.5, accuracy: null },
    validation: { loss: 0.6, accuracy: 0.7 },
  })
})

describe('a training by the engine tensorflow', () => {
  test('has the history, checkpoints and served model of any training, and says what it ran on', async () => {
    const training = await addTraining({ engine: 'tensorflow', epochs: 3 })
    await run(training)
    const row = await store.trainings.get(training)
    expect(row).toMatchObject({ status: 'succeeded', engine: 'tensorflow', epoch: 3, error: null })
    expect(row.device).toMatch(/^tensorflow-(native|cpu)$/)
    expect(Object.keys(row.metrics.test ?? {}).sort()).toEqual(['accuracy', 'loss'])
    const history = await store.trainings.history(training)
    expect(history.map(({ epoch, val_accuracy }) => [epoch, typeof val_accuracy])).toEqual(
      [1, 2, 3].map((epoch) => [epoch, 'number']),
    )
    const kept = await store.trainings.checkpoints(training)
    expect(kept.map(({ kind }) => kind).sort()).toEqual(['best', 'last'])
    const version = await store.versions.get(model, row.version ?? 0)
    expect((await store.blobs.get(version.blobKey)).byteLength).toBeGreaterThan(500)
  })

  test('goes on after a shutdown', async () => {
    // so many that the native library is not done before the first epochs are on the record
    const training = await addTraining({ engine: 'tensorflow', epochs: 100 })
    await runUntilEpoch(training, 2, 'shutdown')
    expect(await store.trainings.get(training)).toMatchObject({ status: 'queued' })
    await run(training)
    expect(await store.trainings.get(training)).toMatchObject({ status: 'succeeded', epoch: 100 })
    const epochs = (await store.trainings.history(training)).map(({ epoch }) => epoch)
    expect(epochs).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })
})
