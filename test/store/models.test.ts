import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStore } from '../support/postgres.ts'
import { addModel, addRunning, addTraining, epochRow, success } from '../support/rows.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

const code = (expected: string) => expect.objectContaining({ code: expected })
const model = (name: string) => ({ name, definition: {}, totalParameters: 1, trainableParameters: 1, summary: null })

test('a second model of one name is model_exists, and the first stays', async () => {
  await store.models.create({ ...model('iris'), definition: { layers: [1] } })
  await expect(store.models.create(model('iris'))).rejects.toEqual(code('model_exists'))
  expect(await store.models.get('iris')).toMatchObject({ definition: { layers: [1] } })
})

test('of ten models of one name made at once one is kept', async () => {
  const made = await Promise.allSettled(Array.from({ length: 10 }, () => store.models.create(model('rush'))))
  expect(made.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
})

test('an unknown model is null to find and model_not_found to get and delete', async () => {
  expect(await store.models.find('nobody')).toBeNull()
  await expect(store.models.get('nobody')).rejects.toEqual(code('model_not_found'))
  await expect(store.models.delete('nobody')).rejects.toEqual(code('model_not_found'))
})

test('a model whose input was open keeps what its first training found out', async () => {
  await store.models.create({ ...model('open'), totalParameters: null, trainableParameters: null })
  await store.models.describe('open', { totalParameters: 15, trainableParameters: 12, summary: { layers: [] } })
  const facts = { totalParameters: 15, trainableParameters: 12, summary: { layers: [] } }
  expect(await store.models.get('open')).toMatchObject(facts)
  await expect(store.models.describe('nobody', facts)).resolves.toBeUndefined()
})

test('pages give each model once, by name, also while others are added', async () => {
  const fresh = await testStore()
  for (const name of ['d', 'b', 'a', 'c', 'e']) await fresh.models.create(model(name))
  const first = await fresh.models.list({ limit: 2 })
  await fresh.models.create(model('aa'))
  const second = await fresh.models.list({ limit: 2, cursor: first.nextCursor })
  const third = await fresh.models.list({ limit: 2, cursor: second.nextCursor })
  const names = [first, second, third].map((page) => page.items.map((row) => row.name))
  expect(names).toEqual([['a', 'b'], ['c', 'd'], ['e']])
  expect(third.nextCursor).toBeNull()
  await fresh.close()
})

test.each(['nonsense', Buffer.from('datasets\nds_1').toString('base64url')])(
  'a cursor that is none of this list (%s) is invalid_request in the query',
  async (cursor) => {
    await expect(store.models.list({ limit: 2, cursor })).rejects.toMatchObject({
      code: 'invalid_request',
      errors: [{ in: 'query', pointer: '/cursor' }],
    })
  },
)

test.each(['queued', 'running'])(
  'a model with a %s training is model_in_use, and nothing is deleted',
  async (status) => {
    const training = await addTraining(store)
    if (status === 'running') await store.trainings.claim(training.id)
    await expect(store.models.delete(training.model)).rejects.toEqual(code('model_in_use'))
    expect(await store.trainings.get(training.id)).toMatchObject({ status })
  },
)

test('deleting a model deletes its trainings, versions, checkpoints and all their blobs', async () => {
  const { id, attempt, model: name } = await addRunning(store)
  const keys = [`${id}/last`, `${id}/best`, `versions/${id}`]
  for (const key of keys) await store.blobs.put(key, new Uint8Array([1]))
  await store.trainings.saveCheckpoint(id, attempt, 'last', { blobKey: `${id}/last` })
  await store.trainings.saveCheckpoint(id, attempt, 'best', { blobKey: `${id}/best` })
  await store.trainings.succeed(id, attempt, success(`versions/${id}`))
  await store.models.delete(name)
  expect(await store.models.find(name)).toBeNull()
  expect(await store.trainings.find(id)).toBeNull()
  expect(await Promise.all(keys.map((key) => store.blobs.exists(key)))).toEqual([false, false, false])
})

test('steps of deleted trainings still count', async () => {
  const { id, attempt, model: name } = await addRunning(store)
  await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 1000)
  await store.trainings.fail(id, attempt, { code: 'internal', detail: 'x' })
  const before = (await store.trainings.totals()).steps
  await store.models.delete(name)
  expect((await store.trainings.totals()).steps).toBe(before)
})

test('a training made while its model is deleted is either refused or keeps the model', async () => {
  for (let i = 0; i < 10; i++) {
    const name = await addModel(store)
    const [made, deleted] = await Promise.allSettled([addTraining(store, { model: name }), store.models.delete(name)])
    if (made.status === 'fulfilled') expect(deleted).toMatchObject({ reason: code('model_in_use') })
    else expect(made.reason).toEqual(code('model_not_found'))
  }
})
