import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isAlive, openWorkerBench } from '../support/worker.ts'

const program = join(import.meta.dirname, '../../dist/workers/main.js')

function run(env: Record<string, string>): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program], { env: { PATH: process.env.PATH, ...env } }, (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    )
  })
}

test.each([
  ['no database', {}, /^fitserve worker: DATABASE_URL: a worker needs the database of the service; .*\n$/],
  [
    'a value that cannot be used',
    { WORKER_CONCURRENCY: 'many' },
    /^fitserve worker: WORKER_CONCURRENCY: expected .*\n$/,
  ],
  [
    'a database that does not answer',
    { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
    /^fitserve worker: .*127\.0\.0\.1:1.*\n$/,
  ],
])('with %s it ends with one clear line', async (_, env, line) => {
  const { code, stderr } = await run({ LOG_LEVEL: 'silent', ...env })
  expect(stderr).toMatch(line)
  expect(code).toBe(1)
})

test('a worker whose service is gone stops with grace', async () => {
  const bench = await openWorkerBench()
  const worker = await bench.worker()
  const id = await bench.train({ blockMs: 50 }, 1000)
  await bench.until(id, (row) => row.epoch >= 2)
  const children = await worker.children()
  worker.process.disconnect()
  const row = await bench.until(id, (now) => now.status === 'queued')
  expect(row.attempt).toBe(1)
  await expect.poll(() => worker.process.exitCode).toBe(0)
  expect(await Promise.all(children.map(isAlive))).toEqual(children.map(() => false))
  await bench.close()
})
