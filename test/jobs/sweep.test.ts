import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Suspects, sweep } from '../../src/jobs/sweep.ts'
import { silent } from '../support/postgres.ts'
import { addRunning, addTraining } from '../support/rows.ts'
import { openWorkerBench, type WorkerBench } from '../support/worker.ts'

const GRACE_MS = 1000
let bench: WorkerBench
beforeAll(async () => {
  bench = await openWorkerBench()
})
afterAll(() => bench.close())

const look = (suspects: Suspects = new Map()) =>
  sweep({ store: bench.store, queue: bench.queue, log: silent, graceMs: GRACE_MS }, suspects)

test('a queued training without a job gets one, after a grace', async () => {
  const { id } = await addTraining(bench.store)
  await look()
  expect(await bench.queue.trainings()).not.toContain(id)
  await sleep(GRACE_MS + 50)
  await look()
  expect(await bench.queue.trainings()).toContain(id)
  await bench.store.trainings.requestCancel(id)
  await bench.queue.remove(id)
})

test('a queued training that waits keeps its one job', async () => {
  const { id } = await addTraining(bench.store)
  await bench.queue.add(id)
  await sleep(GRACE_MS + 50)
  await look()
  expect(await bench.queue.counts()).toMatchObject({ waiting: 1 })
  await bench.store.trainings.requestCancel(id)
  await bench.queue.remove(id)
})

test('a running training without a job goes back to the queue at the second look', async () => {
  const { id } = await addRunning(bench.store)
  const suspects = await look()
  expect(await bench.store.trainings.get(id)).toMatchObject({ status: 'running' })
  await look(suspects)
  expect(await bench.store.trainings.get(id)).toMatchObject({ status: 'queued' })
  expect(await bench.queue.trainings()).toContain(id)
  await bench.queue.remove(id, 1)
})

test('a running training that was claimed again between two looks is left alone', async () => {
  const { id } = await addRunning(bench.store)
  const suspects = await look()
  await bench.store.trainings.claim(id)
  await look(suspects)
  expect(await bench.store.trainings.get(id)).toMatchObject({ status: 'running', attempt: 2 })
})
