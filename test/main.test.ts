/** The service as a process: its modes, its start in one clear line or with URLs, its stop with grace. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openStore, type Store } from '../src/store/store.ts'
import { silent, type TestDatabase, testDatabase } from './support/postgres.ts'
import { addRunning } from './support/rows.ts'
import { readEvents } from './support/server-events.ts'

let database: TestDatabase
let dataDir: string
const running = new Set<ChildProcess>()

beforeAll(async () => {
  database = await testDatabase()
  dataDir = await mkdtemp(join(tmpdir(), 'fitserve-main-'))
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})
afterAll(async () => {
  await database.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** The built program, in an environment of its own; what it writes is collected. */
function start(mode: string, settings: Record<string, string> = {}) {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: '0',
    LOG_LEVEL: 'error',
    DATA_DIR: dataDir,
    ...settings,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, '../dist/src/main.js'), mode], { env })
  const written = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (written.out += chunk))
  child.stderr.on('data', (chunk) => (written.err += chunk))
  running.add(child)
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code as number | null
  })
  return { child, written, ended }
}

type Started = ReturnType<typeof start>

/** The address that it prints when it is ready. */
async function ready({ written, ended }: Started): Promise<string> {
  const url = () => /API +(http:\/\/[^/\s]+)\/v1/.exec(written.out)?.[1]
  const failed = ended.then((code) => Promise.reject(new Error(`ended with ${code}: ${written.err}`)))
  await Promise.race([expect.poll(url, { timeout: 60_000, interval: 20 }).toBeDefined(), failed])
  failed.catch(() => undefined) // it ends later, when the test stops it
  return url() ?? ''
}

test.each([
  ['api', {}, /^fitserve: DATABASE_URL is not set: .*npm start.*\n$/],
  ['api', { PORT: 'abc' }, /^fitserve: PORT: expected .*, received "abc"\n$/],
  ['serve', {}, /^fitserve: expected the mode all or api, received "serve"\n$/],
  ['api', { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }, /^fitserve: [^\n]+\n$/],
])('%s with %j does not start, and says why in one line', async (mode, settings, line) => {
  const started = start(mode, settings)
  expect(await started.ended).toBe(1)
  expect(started.written.err).toMatch(line)
})

test('a port that is taken is one line too, and nothing is left running', async () => {
  const first = start('api', { DATABASE_URL: database.url })
  const port = new URL(await ready(first)).port
  const second = start('api', { DATABASE_URL: database.url, PORT: port })
  expect(await second.ended).toBe(1)
  expect(second.written.err).toMatch(/^fitserve: [^\n]*EADDRINUSE[^\n]*\n$/)
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
})

test('SIGTERM: a request in flight is answered, streams of events end, then the process', async () => {
  const started = start('api', { DATABASE_URL: database.url })
  const url = await ready(started)
  const store: Store = await openStore({ databaseUrl: database.url, dataDir }, silent)
  const { id } = await addRunning(store)
  const events = readEvents(`${url}/v1/trainings/${id}/events`)
  const nextEvent = events.next()
  const unused = connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
  const body = JSON.stringify({ rows: [{ a: 1 }] })
  const slow = await halfRequest(url, '/v1/datasets', body)
  await sleep(200)
  started.child.kill('SIGTERM')
  await sleep(200)
  const answer = await slow.finish()
  expect(answer).toMatch(/^HTTP\/1\.1 201 /)
  expect(await nextEvent).toEqual({ done: true, value: undefined })
  const stoppedAt = performance.now()
  expect(await started.ended).toBe(0)
  expect(performance.now() - stoppedAt).toBeLessThan(5000)
  expect(started.written.err).toBe('')
  unused.destroy()
  await store.close()
})

test('all: embedded defaults; a training that Ctrl-C interrupts goes on after the next start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fitserve-all-'))
  const first = start('all', { DATA_DIR: folder })
  const url = await ready(first)
  expect(first.written.out).toContain(`${url}/docs`)
  const rows = Array.from({ length: 40 }, (_, a) => ({ a, label: a % 2 ? 'x' : 'y' }))
  const dataset = await post(`${url}/v1/datasets`, { rows })
  await post(`${url}/v1/models`, { name: 'net', layers: [{ type: 'Dense', units: 2, activation: 'softmax' }] })
  const training = await post(`${url}/v1/models/net/trainings`, {
    dataset: dataset.id,
    target: 'label',
    epochs: 900_000,
  })
  await readEvents(`${url}/v1/trainings/${training.id}/events`).next()
  // npm passes the signal of a terminal on to a process that has it already.
  first.child.kill('SIGINT')
  first.child.kill('SIGINT')
  expect(await first.ended).toBe(0)
  expect(first.written.err).toBe('')

  const second = start('all', { DATA_DIR: folder })
  const again = await ready(second)
  const found = async () =>
    (await fetch(`${again}/v1/trainings/${training.id}`)).json() as Promise<{ status: string; epoch: number }>
  const { epoch } = await found()
  expect(epoch).toBeGreaterThan(0)
  await expect.poll(async () => (await found()).epoch, { timeout: 20_000 }).toBeGreaterThan(epoch)
  await post(`${again}/v1/trainings/${training.id}/cancel`, {})
  await expect.poll(async () => (await found()).status, { timeout: 20_000 }).toBe('cancelled')
  second.child.kill('SIGTERM')
  expect(await second.ended).toBe(0)
  await rm(folder, { recursive: true, force: true })
}, 90_000)

async function post(url: string, body: object): Promise<{ id: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response.json() as Promise<{ id: string }>
}

/** Sends a request but for its last byte; `finish` sends that and waits for the whole answer. */
async function halfRequest(url: string, path: string, body: string) {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  await once(socket, 'connect')
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk))
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  socket.write(head + body.slice(0, -1))
  return {
    async finish(): Promise<string> {
      const closed = once(socket, 'close')
      socket.write(body.slice(-1))
      await closed
      return answer
    },
  }
}
