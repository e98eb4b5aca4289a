import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startWorkerProcess } from '../../src/queue/worker-process.ts'
import { silent } from '../support/postgres.ts'
import { built, isAlive, openWorkerBench, type WorkerBench } from '../support/worker.ts'

let bench: WorkerBench
beforeAll(async () => {
  bench = await openWorkerBench()
})
afterAll(() => bench.close())

const startWorker = () =>
  startWorkerProcess({ ...bench.config, logLevel: 'silent' }, bench.store.database.url, silent, {
    file: built('workers/main.js'),
    restartDelayMs: 10,
  })

test('the worker takes jobs from the database that was named', async () => {
  const worker = startWorker()
  await worker.ready
  // Its training processes are the real ones, which know nothing of this dataset: a job that fails was taken.
  const id = await bench.train({})
  const row = await bench.until(id, (now) => now.status === 'failed')
  expect(row.attempt).toBeGreaterThan(0)
  await worker.stop()
})

test('a worker that is killed is started again', async () => {
  const worker = startWorker()
  await worker.ready
  const first = worker.pid ?? 0
  process.kill(first, 'SIGKILL')
  await expect.poll(() => worker.pid).not.toBe(first)
  expect(await isAlive(worker.pid ?? 0)).toBe(true)
  await worker.stop()
})

test('a worker that is stopped is gone, and stays so', async () => {
  const worker = startWorker()
  await worker.ready
  const pid = worker.pid ?? 0
  await worker.stop()
  expect(await isAlive(pid)).toBe(false)
  await sleep(100)
  expect(worker.pid).toBe(pid)
})

test('a worker can be stopped before it takes jobs', async () => {
  const worker = startWorker()
  await worker.stop()
  expect(await isAlive(worker.pid ?? 0)).toBe(false)
})
