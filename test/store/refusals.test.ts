import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '../../src/store/ids.ts'
import { testStore } from '../support/postgres.ts'
import { addModel, addTraining } from '../support/rows.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

const NUL = 'a\0b'
const HALF_PAIR = 'a\ud800b'

const kept: [string, (text: string) => Promise<unknown>][] = [
  ['a column of a dataset', (text) => addTextDataset(text)],
  ['a layer of a model', (text) => addTextModel(text)],
  ['a training request', (text) => addTextTraining(text)],
]
test.each(kept)('%s with a NUL character or half of a surrogate pair is invalid_request', async (_, create) => {
  for (const text of [NUL, HALF_PAIR]) {
    await expect(create(text)).rejects.toMatchObject({ code: 'invalid_request', errors: [{ in: 'body' }] })
  }
})

async function addTextDataset(text: string) {
  const columns = [{ name: text, type: 'number' }]
  const given = { name: null, format: 'csv', rowCount: 1, columns, warnings: [], settings: {}, blobKey: 'k' }
  return store.datasets.create({ id: newId('ds'), ...given })
}

async function addTextModel(text: string) {
  const definition = { layers: [{ name: text }] }
  return store.models.create({
    name: newId('tr'),
    definition,
    totalParameters: 0,
    trainableParameters: 0,
    summary: null,
  })
}

async function addTextTraining(text: string) {
  const { model, dataset } = await addTraining(store)
  const request = { features: [text] }
  return store.trainings.create({ id: newId('tr'), model, dataset, epochs: 1, request, engine: 'onnxruntime' })
}

const lookups: [string, () => Promise<unknown>, string][] = [
  ['dataset', () => store.datasets.get(NUL), 'dataset_not_found'],
  ['dataset to delete', () => store.datasets.delete(NUL), 'dataset_not_found'],
  ['model', () => store.models.get(NUL), 'model_not_found'],
  ['model to delete', () => store.models.delete(NUL), 'model_not_found'],
  ['training', () => store.trainings.get(NUL), 'training_not_found'],
  ['training to cancel', () => store.trainings.requestCancel(NUL), 'training_not_found'],
  ['model with versions', () => store.versions.latest(NUL), 'model_not_found'],
]
test.each(lookups)('a %s with a NUL character in its name is not found', async (_, look, code) => {
  await expect(look()).rejects.toMatchObject({ code })
})

test('no training has a model with a NUL character in its name', async () => {
  expect(await store.trainings.list({ model: NUL, limit: 5 })).toEqual({ items: [], nextCursor: null })
})

test('a version number beyond what the database counts is version_not_found', async () => {
  const model = await addModel(store)
  await expect(store.versions.get(model, 2 ** 40)).rejects.toMatchObject({ code: 'version_not_found' })
})

test('after an event number beyond what the database counts there are no events', async () => {
  const { id } = await addTraining(store)
  expect(await store.trainings.events(id, 2 ** 40)).toEqual([])
})
