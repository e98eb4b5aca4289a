import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStore } from '../support/postgres.ts'
import { addDataset, addTraining } from '../support/rows.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

const code = (expected: string) => expect.objectContaining({ code: expected })

test('a dataset is told back as it was kept', async () => {
  const id = await addDataset(store)
  expect(await store.datasets.get(id)).toMatchObject({ id, name: 'flowers', rowCount: 3, createdAt: expect.any(Date) })
})

test('an unknown dataset is null to find and dataset_not_found to get and delete', async () => {
  expect(await store.datasets.find('ds_nobody')).toBeNull()
  await expect(store.datasets.get('ds_nobody')).rejects.toEqual(code('dataset_not_found'))
  await expect(store.datasets.delete('ds_nobody')).rejects.toEqual(code('dataset_not_found'))
})

test('pages go from the newest to the oldest and do not move when others are added', async () => {
  const fresh = await testStore()
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.push(await addDataset(fresh))
  const first = await fresh.datasets.list({ limit: 3 })
  await addDataset(fresh)
  const second = await fresh.datasets.list({ limit: 3, cursor: first.nextCursor })
  expect([...first.items, ...second.items].map((row) => row.id)).toEqual(ids.toReversed())
  expect(second.nextCursor).toBeNull()
  await fresh.close()
})

test('a page that ends exactly at the last row has no next one', async () => {
  const fresh = await testStore()
  await addDataset(fresh)
  await addDataset(fresh)
  expect((await fresh.datasets.list({ limit: 2 })).nextCursor).toBeNull()
  await fresh.close()
})

test('deleting a dataset deletes its blob', async () => {
  const id = await addDataset(store)
  const { blobKey } = await store.datasets.get(id)
  await store.datasets.delete(id)
  expect(await store.datasets.find(id)).toBeNull()
  expect(await store.blobs.exists(blobKey)).toBe(false)
})

test.each(['queued', 'running'])(
  'a dataset of a %s training is dataset_in_use, and nothing is deleted',
  async (status) => {
    const training = await addTraining(store)
    if (status === 'running') await store.trainings.claim(training.id)
    await expect(store.datasets.delete(training.dataset)).rejects.toEqual(code('dataset_in_use'))
    const { blobKey } = await store.datasets.get(training.dataset)
    expect(await store.blobs.exists(blobKey)).toBe(true)
  },
)

test('the record of an ended training outlives its dataset', async () => {
  const training = await addTraining(store)
  await store.trainings.requestCancel(training.id)
  await store.datasets.delete(training.dataset)
  expect(await store.trainings.get(training.id)).toMatchObject({ dataset: training.dataset })
})

test('a training made while its dataset is deleted is either refused or keeps the dataset', async () => {
  for (let i = 0; i < 10; i++) {
    const dataset = await addDataset(store)
    const [made, deleted] = await Promise.allSettled([addTraining(store, { dataset }), store.datasets.delete(dataset)])
    if (made.status === 'fulfilled') expect(deleted).toMatchObject({ reason: code('dataset_in_use') })
    else expect(made.reason).toEqual(code('dataset_not_found'))
  }
})
