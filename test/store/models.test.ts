import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStore } from '../support/postgres.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

test('a model is kept', async () => {
  await store.models.create({ name: 'iris', definition: {}, totalParameters: 1, trainableParameters: 1, summary: null })
  expect((await store.models.get('iris')).name).toBe('iris')
})
