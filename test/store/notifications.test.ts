import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { silent, testStore } from '../support/postgres.ts'
import { addRunning, addTraining, epochRow, success } from '../support/rows.ts'

let store: Awaited<ReturnType<typeof testStore>>
beforeAll(async () => {
  store = await testStore()
})
afterAll(() => store.close())

/** Remembers the ids it is called with. */
function listener() {
  const heard: string[] = []
  return { heard, hear: (id: string) => void heard.push(id) }
}

const breakConnections = () =>
  store.database.pool.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )

test('another process hears of every epoch and of the end', async () => {
  const other = await openStore(store.config, silent)
  const { heard, hear } = listener()
  await other.trainings.onEvent(hear)
  const { id, attempt } = await addRunning(store)
  await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 7)
  await store.trainings.succeed(id, attempt, success('k'))
  await vi.waitFor(() => expect(heard).toEqual([id, id]))
  await other.close()
})

test('the cancel of a running training is told to the workers, that of a queued one to whoever watches it', async () => {
  const cancels = listener()
  const events = listener()
  const endCancels = await store.trainings.onCancel(cancels.hear)
  const endEvents = await store.trainings.onEvent(events.hear)
  const running = await addRunning(store)
  const queued = await addTraining(store)
  await store.trainings.requestCancel(running.id)
  await store.trainings.requestCancel(queued.id)
  await vi.waitFor(() => expect([cancels.heard, events.heard]).toEqual([[running.id], [queued.id]]))
  await endCancels()
  await endEvents()
})

test('an ended subscription hears nothing more, the others do', async () => {
  const first = listener()
  const second = listener()
  const endFirst = await store.trainings.onEvent(first.hear)
  const endSecond = await store.trainings.onEvent(second.hear)
  await endFirst()
  const { id, attempt } = await addRunning(store)
  await store.trainings.recordEpochs(id, attempt, [epochRow(1, 0.5)], 7)
  await vi.waitFor(() => expect(second.heard).toEqual([id]))
  expect(first.heard).toEqual([])
  await endSecond()
})

test('after the connection broke, what was missed is told and listening goes on', async () => {
  const events = listener()
  const cancels = listener()
  const ends = [await store.trainings.onEvent(events.hear), await store.trainings.onCancel(cancels.hear)]
  const missed = await addRunning(store)
  await breakConnections()
  await store.trainings.recordEpochs(missed.id, missed.attempt, [epochRow(1, 0.5)], 7)
  await store.trainings.requestCancel(missed.id)
  await vi.waitFor(() => expect(events.heard).toContain(missed.id), 5000)
  await vi.waitFor(() => expect(cancels.heard).toContain(missed.id), 5000)
  const later = await addRunning(store)
  await store.trainings.recordEpochs(later.id, later.attempt, [epochRow(1, 0.5)], 7)
  await vi.waitFor(() => expect(events.heard).toContain(later.id))
  for (const end of ends) await end()
})

test('idle connections that the server ends (57P01) neither end the process nor the store', async () => {
  await Promise.all(Array.from({ length: 5 }, () => store.database.pool.query('select 1')))
  await breakConnections()
  await vi.waitFor(async () => expect(await store.models.find('nobody')).toBeNull())
})

test('a closed store takes no subscription', async () => {
  const other = await openStore(store.config, silent)
  await other.close()
  await expect(other.trainings.onEvent(() => {})).rejects.toThrow('closed')
})
