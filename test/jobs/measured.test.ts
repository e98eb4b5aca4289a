/** Metrics and weights of a real training: what its history, its record and its version say. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { tableToBytes } from '../../src/data/codec.ts'
import { readTable } from '../../src/data/readers/read-table.ts'
import { runTraining } from '../../src/jobs/train.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { newId } from '../../src/store/ids.ts'
import type { Store } from '../../src/store/store.ts'
import { silent, testStore } from '../support/postgres.ts'

const definition = parseDefinition({
  layers: [
    { type: 'Dense', units: 8, activation: 'relu' },
    { type: 'Dense', units: 3, activation: 'softmax' },
  ],
})
const classes = ['setosa', 'versicolor', 'virginica']

let store: Store
beforeAll(async () => {
  store = await testStore()
  await store.models.create({
    ...{ name: 'iris', definition, totalParameters: 1, trainableParameters: 1 },
    summary: null,
  })
})
afterAll(() => store.close())

/** Trains on iris; the record and the history. */
async function trained(given: object) {
  const { table, format, columns } = await readTable(
    await readFile(join(import.meta.dirname, '../../examples/iris.csv')),
  )
  const dataset = newId('ds')
  const blobKey = `datasets/${dataset}`
  await store.blobs.put(blobKey, tableToBytes(table))
  await store.datasets.create({
    ...{ id: dataset, name: 'iris', format, rowCount: table.rowCount, columns, warnings: [], settings: {}, blobKey },
  })
  const request = { dataset, target: 'species', epochs: 30, seed: 3, optimizer: { name: 'adam', learning_rate: 0.02 } }
  const plan = planTraining({ definition, table, columns, request: { ...request, ...given } })
  const id = newId('tr')
  await store.trainings.create({
    ...{ id, model: 'iris', dataset, epochs: plan.epochs, request: plan.request, engine: 'onnxruntime' },
  })
  const signal = new AbortController().signal
  const config = { ...loadConfig({}), threads: 1 } as const
  await runTraining(id, { store, config, log: silent, signal, onAttempt: () => undefined })
  return { row: await store.trainings.get(id), history: await store.trainings.history(id) }
}

test('numbers stand in the history, tables in the record of the test', async () => {
  const perClass = { name: 'precision', average: null }
  const metrics = ['accuracy', 'f1', 'roc_auc', 'pr_auc', 'log_loss', 'mcc', 'confusion_matrix', perClass]
  const { row, history } = await trained({ metrics })
  expect(row).toMatchObject({ status: 'succeeded', error: null })
  const numbers = ['loss', 'accuracy', 'f1', 'roc_auc', 'pr_auc', 'log_loss', 'mcc']
  const keys = Object.keys(history[29] ?? {}).filter((key) => !['epoch', 'learning_rate', 'seconds'].includes(key))
  expect(keys.sort()).toEqual([...numbers, ...numbers.map((name) => `val_${name}`)].sort())
  expect(Object.keys(row.metrics.test ?? {}).sort()).toEqual([...numbers, 'confusion_matrix', 'precision'].sort())
  const { confusion_matrix, precision, roc_auc, log_loss, loss } = row.metrics.test ?? {}
  const { labels, matrix } = confusion_matrix as { labels: string[]; matrix: number[][] }
  expect(labels).toEqual(classes)
  expect(matrix.map((line) => line.reduce((sum, count) => sum + count, 0))).toEqual([5, 5, 5])
  expect(precision).toHaveLength(3)
  expect(roc_auc).toBeGreaterThan(0.9)
  expect(log_loss).toBeCloseTo(loss as number, 5)
})

test('a class that weighs much is found more often, and validation is not weighted', async () => {
  const few = { epochs: 3, metrics: ['accuracy', 'log_loss'] }
  const plain = await trained(few)
  const heavy = await trained({ ...few, class_weight: { virginica: 20 } })
  expect(heavy.row.request).toMatchObject({ class_weight: { virginica: 20 } })
  expect(heavy.history[0]?.loss).toBeGreaterThan(3 * (plain.history[0]?.loss as number))
  expect(heavy.history[2]?.val_loss).toBeCloseTo(heavy.history[2]?.val_log_loss as number, 5)
})
