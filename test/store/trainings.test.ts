import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testStore } from '../support/postgres.ts'
import { addModel, addRunning, addTraining, epochRow, success } from '../support/rows.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

const code = (expected: string) => expect.objectContaining({ code: expected })

test('a new training is queued, at epoch 0, with nothing of its end', async () => {
  expect(await addTraining(store)).toMatchObject({
    status: 'queued',
    epoch: 0,
    epochs: 10,
    attempt: 0,
    metrics: {},
    version: null,
    error: null,
    stopped: null,
    startedAt: null,
    finishedAt: null,
  })
})

test('a training of an unknown model or dataset is refused', async () => {
  await expect(addTraining(store, { model: 'nobody' })).rejects.toEqual(code('model_not_found'))
  await expect(addTraining(store, { dataset: 'ds_nobody' })).rejects.toEqual(code('dataset_not_found'))
})

test('an unknown training is null to find and training_not_found to get', async () => {
  expect(await store.trainings.find('tr_nobody')).toBeNull()
  await expect(store.trainings.get('tr_nobody')).rejects.toEqual(code('training_not_found'))
})

test('lists filter by model and status, newest first, over several pages', async () => {
  const model = await addModel(store)
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.push((await addTraining(store, { model })).id)
  await addRunning(store, model)
  const first = await store.trainings.list({ model, status: 'queued', limit: 3 })
  const second = await store.trainings.list({ model, status: 'queued', limit: 3, cursor: first.nextCursor })
  expect([...first.items, ...second.items].map((row) => row.id)).toEqual(ids.toReversed())
})

test('trainings that wait for longer than asked are named to the sweeper, others are not', async () => {
  const { id } = await addTraining(store)
  const running = await addRunning(store)
  await sleep(20)
  const waiting = await store.trainings.unqueued(10)
  expect(waiting).toContainEqual({ id, attempt: 0 })
  expect(waiting.map((row) => row.id)).not.toContain(running.id)
  expect(await store.trainings.unqueued(60_000)).toEqual([])
})

test('a training that was given back waits from then on', async () => {
  const { id, attempt } = await addRunning(store)
  await sleep(50)
  await store.trainings.requeue(id, attempt)
  const waiting = await store.trainings.unqueued(40)
  expect(waiting.map((row) => row.id)).not.toContain(id)
})

test('events after a number are those that a client has not seen', async () => {
  const { id, attempt } = await addRunning(store)
  for (const epoch of [1, 2, 3]) await store.trainings.recordEpochs(id, attempt, [epochRow(epoch, 0.5)], epoch)
  await store.trainings.succeed(id, attempt, success('k'))
  const missed = await store.trainings.events(id, 2)
  expect(missed.map((event) => [event.seq, event.type])).toEqual([
    [3, 'epoch'],
    [4, 'finished'],
  ])
})

test('totals count steps, states, and where the running ones are', async () => {
  const fresh = await testStore()
  const { id, attempt, model } = await addRunning(fresh)
  await fresh.trainings.recordEpochs(id, attempt, [epochRow(1, 0.9)], 10)
  await fresh.trainings.recordEpochs(id, attempt, [epochRow(2, 0.8)], 20)
  const started = await addRunning(fresh)
  await addTraining(fresh)
  expect(await fresh.trainings.totals()).toEqual({
    steps: 20,
    byStatus: { running: 2, queued: 1 },
    running: [
      { id, model, epoch: 2, loss: 0.8 },
      { id: started.id, model: started.model, epoch: 0, loss: null },
    ],
  })
  await fresh.close()
})

test('totals of an empty store are zero', async () => {
  const fresh = await testStore()
  expect(await fresh.trainings.totals()).toEqual({ steps: 0, byStatus: {}, running: [] })
  await fresh.close()
})
