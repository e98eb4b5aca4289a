/** What the queue promises, on its PostgreSQL backend, and on Redis where REDIS_URL is set: real workers, real processes. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive, openWorkerBench, type TestWorker, type WorkerBench } from '../support/worker.ts'

const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

/** Which attempt wrote each epoch. */
async function writersOf(bench: WorkerBench, training: string): Promise<(number | null | undefined)[]> {
  return (await bench.store.trainings.history(training)).map((row) => row.written_by)
}

describe('one worker', () => {
  let bench: WorkerBench
  let worker: TestWorker
  beforeAll(async () => {
    bench = await openWorkerBench()
    worker = await bench.worker()
  })
  afterAll(() => bench.close())

  test('runs a training to a published version, each epoch once on its history', async () => {
    const id = await bench.train({}, 20)
    const row = await bench.until(id, (now) => now.status === 'succeeded')
    expect(row).toMatchObject({ version: 1, epoch: 20, steps: 200, metrics: { test: { loss: 1 } } })
    expect(await bench.epochs(id)).toEqual(range(20))
  })

  test('leaves no job behind', async () => {
    await expect
      .poll(() => bench.queue.counts())
      .toEqual({ waiting: 0, active: 0, delayed: 0, completed: 0, failed: 0 })
  })

  test('does the next training in the process that is warm already', async () => {
    const before = await worker.children()
    await bench.until(await bench.train({}), (row) => row.status === 'succeeded')
    expect(await worker.children()).toEqual(before)
  })

  test('runs a training that was added twice once', async () => {
    const id = await bench.train({ blockMs: 50 })
    await bench.queue.add(id)
    const row = await bench.until(id, (now) => now.status === 'succeeded')
    await bench.queue.add(id)
    await expect.poll(() => bench.queue.counts()).toMatchObject({ waiting: 0, active: 0 })
    expect(await bench.store.trainings.get(id)).toEqual(row)
  })

  test('hears of a cancel between two runs', async () => {
    const id = await bench.train({ blockMs: 100 }, 1000)
    await bench.until(id, (row) => row.epoch >= 2)
    await bench.store.trainings.requestCancel(id)
    const row = await bench.until(id, (now) => now.status === 'cancelled', 1500)
    expect(row.version).toBeNull()
    expect(await bench.finishedEvents(id)).toBe(1)
  })

  test('hears of a cancel whose message was lost', async () => {
    const id = await bench.train({ blockMs: 50 }, 1000)
    await bench.until(id, (row) => row.epoch >= 2)
    await bench.store.database.pool.query('update trainings set cancel_requested = true where id = $1', [id])
    await bench.until(id, (now) => now.status === 'cancelled', 4000)
  })

  test('takes a queued training whose job was never added', async () => {
    const id = await bench.train({})
    await bench.queue.remove(id)
    await bench.until(id, (row) => row.status === 'succeeded', 5000)
  })

  test.each([
    ['SIGSEGV', /^the training process ended by itself: signal SIGSEGV \(a fault in native code\)/],
    ['SIGKILL', /signal SIGKILL \(killed from outside, most often since the machine ran out of memory\)/],
    ['exit', /exit code 7/],
  ] as const)('keeps the reason when a training process ends by %s, and does the next training', async (by, detail) => {
    const crashing = await bench.train({ crash: { epoch: 2, by } })
    const next = await bench.train({})
    const row = await bench.until(crashing, (now) => now.status === 'failed')
    expect(row.error).toEqual({ code: 'training_crashed', detail: expect.stringMatching(detail) })
    await bench.until(next, (now) => now.status === 'succeeded')
    expect(worker.process.exitCode).toBeNull()
  })

  test('fails a training with the code of its problem, at the first try', async () => {
    const id = await bench.train({ fault: { epoch: 2, kind: 'problem', attempts: 1 } })
    const row = await bench.until(id, (now) => now.status === 'failed')
    expect(row.error?.code).toBe('loss_not_finite')
    expect(row.attempt).toBe(1)
  })

  test('tries again after an error that may pass', async () => {
    const id = await bench.train({ checkpointEvery: 1, fault: { epoch: 3, kind: 'error', attempts: 1 } })
    const row = await bench.until(id, (now) => now.status === 'succeeded')
    expect(row.attempt).toBe(2)
    expect(await writersOf(bench, id)).toEqual([1, 1, 2, 2, 2])
  })

  test('fails a training whose error does not pass, without its detail', async () => {
    const id = await bench.train({ fault: { epoch: 1, kind: 'error', attempts: 100 } })
    const row = await bench.until(id, (now) => now.status === 'failed')
    expect(row.attempt).toBe(3)
    expect(row.error).toEqual({ code: 'internal', detail: expect.not.stringContaining('database') })
  })
})

describe('workers that end', () => {
  test('a training process that runs out of memory takes down its own training only', async () => {
    const bench = await openWorkerBench()
    const worker = await bench.worker({ NODE_OPTIONS: '--max-old-space-size=64' })
    const id = await bench.train({ crash: { epoch: 1, by: 'memory' } })
    const row = await bench.until(id, (now) => now.status === 'failed')
    expect(row.error?.detail).toMatch(/SIGABRT.*heap out of memory/)
    expect(worker.process.exitCode).toBeNull()
    await bench.close()
  })

  test('a graceful stop gives the training back, and the next worker continues it', async () => {
    const bench = await openWorkerBench()
    const first = await bench.worker()
    const id = await bench.train({ blockMs: 50 }, 20)
    await bench.until(id, (row) => row.epoch >= 5)
    expect(await first.stop('SIGTERM')).toBe(0)
    expect(await bench.store.trainings.get(id)).toMatchObject({ status: 'queued', attempt: 1 })
    await bench.worker()
    await bench.until(id, (row) => row.status === 'succeeded')
    expect(await bench.epochs(id)).toEqual(range(20))
    const writers = await writersOf(bench, id)
    expect(new Set(writers)).toEqual(new Set([1, 2]))
    // The next worker began where the first one stopped: no epoch ran twice.
    expect(await bench.store.trainings.events(id, 0)).toHaveLength(21)
    expect(writers).toEqual([...writers].sort())
    await bench.close()
  })

  test('a training of a worker that is killed runs on in another one, and its process goes with the worker', async () => {
    const bench = await openWorkerBench()
    const first = await bench.worker()
    const id = await bench.train({ blockMs: 50, checkpointEvery: 2 }, 40)
    await bench.until(id, (row) => row.epoch >= 5)
    const [child = 0] = await first.children()
    await bench.worker()
    await first.stop('SIGKILL')
    await expect.poll(() => isAlive(child)).toBe(false)
    const row = await bench.until(id, (now) => now.status === 'succeeded')
    expect(row.attempt).toBe(2)
    expect(await bench.epochs(id)).toEqual(range(40))
    expect(await bench.store.trainings.events(id, 0)).toHaveLength(41)
    await bench.close()
  })

  test('a training whose workers are lost one after another is given up with the reason', async () => {
    const bench = await openWorkerBench({ queueLockMs: 400, queueStalledMs: 200 })
    const id = await bench.train({ blockMs: 20 }, 10_000)
    for (const attempt of range(4)) {
      const worker = await bench.worker()
      await bench.until(id, (row) => row.attempt === attempt)
      await worker.stop('SIGKILL')
    }
    await bench.worker()
    const row = await bench.until(id, (now) => now.status === 'failed')
    expect(row.error).toMatchObject({
      code: 'training_crashed',
      detail: expect.stringContaining('lost one after another'),
    })
    await bench.close()
  })

  test('a training goes on when the database drops all connections', async () => {
    const bench = await openWorkerBench()
    const worker = await bench.worker()
    const id = await bench.train({ blockMs: 50, checkpointEvery: 1 }, 20)
    await bench.until(id, (row) => row.epoch >= 5)
    await bench.dropConnections()
    await bench.until(id, (now) => now.status === 'succeeded')
    expect(await bench.epochs(id)).toEqual(range(20))
    expect(worker.process.exitCode).toBeNull()
    const next = await bench.train({ blockMs: 50 }, 1000)
    await bench.until(next, (row) => row.epoch >= 1)
    await bench.store.trainings.requestCancel(next)
    await bench.until(next, (row) => row.status === 'cancelled', 4000)
    await bench.close()
  })

  test('a running training whose queue lost all jobs starts again from its last checkpoint', async () => {
    const bench = await openWorkerBench()
    const first = await bench.worker()
    const id = await bench.train({ blockMs: 20, checkpointEvery: 1 }, 20)
    await bench.until(id, (row) => row.epoch >= 5)
    await first.stop('SIGKILL')
    await bench.loseJobs()
    await bench.worker()
    await bench.until(id, (row) => row.status === 'succeeded')
    expect(await bench.epochs(id)).toEqual(range(20))
    await bench.close()
  })
})
