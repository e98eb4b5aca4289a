/** What becomes of a training whose worker is busy, stands still or is killed while another one watches: case C62. */

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Config, loadConfig } from '../../src/config.ts'
import { openWorkerBench, type TestWorker, type WorkerBench } from '../support/worker.ts'

const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

// They mostly wait.
describe.concurrent('two workers', () => {
  const onTwoWorkers = async (
    settings: Partial<Config>,
    work: (bench: WorkerBench, workers: TestWorker[]) => Promise<void>,
  ) => {
    const bench = await openWorkerBench(settings)
    try {
      await work(bench, [await bench.worker(), await bench.worker()])
    } finally {
      await bench.close()
    }
  }

  const shortLock = { queueLockMs: 2000, queueStalledMs: 1000 }

  test('a native call of 6 s does not lose a lock of 2 s', async () => {
    await onTwoWorkers(shortLock, async (bench) => {
      const id = await bench.train({ blockMs: 6000 }, 1)
      const row = await bench.until(id, (now) => now.status === 'succeeded')
      expect(row.attempt).toBe(1)
    })
  }, 60_000)

  test('a worker that stood still for 10 s does not publish a second version', async () => {
    await onTwoWorkers(shortLock, async (bench, workers) => {
      const id = await bench.train({ blockMs: 500, checkpointEvery: 1 }, 30)
      await bench.until(id, (row) => row.epoch >= 2)
      const stopped = await bench.holder(id, workers)
      stopped.process.kill('SIGSTOP')
      await sleep(10_000)
      stopped.process.kill('SIGCONT')
      const row = await bench.until(id, (now) => now.status === 'succeeded', 30_000)
      await sleep(1000)
      expect(row.attempt).toBe(2)
      expect(await bench.store.trainings.get(id)).toEqual(row)
      expect((await bench.store.versions.list(row.model)).map((version) => version.version)).toEqual([1])
      expect(await bench.epochs(id)).toEqual(range(30))
      expect(await bench.finishedEvents(id)).toBe(1)
      expect(await bench.store.trainings.events(id, 0)).toHaveLength(31)
    })
  }, 60_000)

  test('with the default settings a training of a killed worker runs on within 15 s', async () => {
    const { queueLockMs, queueStalledMs } = loadConfig({})
    await onTwoWorkers({ queueLockMs, queueStalledMs }, async (bench, workers) => {
      const id = await bench.train({ blockMs: 100 }, 1000)
      await bench.until(id, (row) => row.epoch >= 2)
      await (await bench.holder(id, workers)).stop('SIGKILL')
      await bench.until(id, (row) => row.attempt === 2, 15_000)
    })
  }, 60_000)
})
