import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStore } from '../support/postgres.ts'
import { addModel, addRunning, success } from '../support/rows.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

const code = (expected: string) => expect.objectContaining({ code: expected })
const imported = (model: string) =>
  ({ model, training: null, source: 'import', blobKey: 'k', signature: {}, metrics: {} }) as const

test('versions are listed newest first and found by number', async () => {
  const model = await addModel(store)
  const { id, attempt } = await addRunning(store, model)
  await store.trainings.succeed(id, attempt, success('a'))
  await store.versions.publish(imported(model))
  expect((await store.versions.list(model)).map((row) => [row.version, row.source])).toEqual([
    [2, 'import'],
    [1, 'training'],
  ])
  expect(await store.versions.get(model, 1)).toMatchObject({ training: id })
  expect(await store.versions.latest(model)).toMatchObject({ version: 2 })
})

test('an unknown number is version_not_found', async () => {
  const model = await addModel(store)
  await expect(store.versions.get(model, 1)).rejects.toEqual(code('version_not_found'))
})

test('a model without a version is model_not_trained', async () => {
  const model = await addModel(store)
  await expect(store.versions.latest(model)).rejects.toEqual(code('model_not_trained'))
  expect(await store.versions.list(model)).toEqual([])
})

const questions: [string, () => Promise<unknown>][] = [
  ['get', () => store.versions.get('nobody', 1)],
  ['latest', () => store.versions.latest('nobody')],
  ['list', () => store.versions.list('nobody')],
  ['publish', () => store.versions.publish(imported('nobody'))],
]
test.each(questions)('%s of an unknown model is model_not_found', async (_, ask) => {
  await expect(ask()).rejects.toEqual(code('model_not_found'))
})
