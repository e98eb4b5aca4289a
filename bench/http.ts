/**
 * What the service costs over HTTP: a whole small training from request to published version, and one prediction beside
 * an empty Fastify route that takes and gives the same JSON.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { call, type Training, trainingEvents, uploadCsv } from '../examples/client.ts'
import { irisCsv, irisFlower, irisNetwork, irisTraining } from '../examples/iris.ts'
import { freePort, startService } from '../examples/service-process.ts'
import { digits, formatTable, median, quantile, type Spread, spreadOf } from './statistics.ts'

const model = 'iris'
const epochs = 100
const trainingGoalSeconds = 1.5

export interface HttpResult {
  /** Seconds from the request to the published version; the first training starts a worker's child process. */
  readonly trainingSeconds: Spread & { readonly rounds: readonly number[]; readonly first: number }
  /** Milliseconds of one prediction and of the empty route, one caller, connections kept open. */
  readonly prediction: Readonly<Record<'predict' | 'empty', { readonly median: number; readonly p95: number }>>
}

/** Starts the service on an empty data folder and measures both. */
export async function measureHttp(rounds: number): Promise<HttpResult> {
  const dataDir = await mkdtemp(join(tmpdir(), 'fitserve-bench-'))
  const environment = { PORT: String(await freePort()), DATA_DIR: dataDir, LOG_LEVEL: 'error' }
  const service = await startService({ environment, output: 'ignore' })
  try {
    const dataset = await uploadCsv(service.url, 'iris', await irisCsv())
    await call(`${service.url}/v1/models`, 'POST', { name: model, ...irisNetwork })
    const seconds: number[] = []
    for (let round = 0; round <= rounds; round++) seconds.push(await trainOnce(service.url, dataset.id))
    const [first = Number.NaN, ...rest] = seconds
    return {
      trainingSeconds: { ...spreadOf(rest), rounds: rest, first },
      prediction: await comparePrediction(service.url),
    }
  } finally {
    await service.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function trainOnce(service: string, dataset: string): Promise<number> {
  const began = performance.now()
  const body = irisTraining(dataset, epochs)
  const queued = await call<Training>(`${service}/v1/models/${model}/trainings`, 'POST', body)
  for await (const event of trainingEvents(service, queued.id)) {
    if (event.type !== 'finished') continue
    const { status, version, error } = event.training
    if (status !== 'succeeded' || version === null) throw new Error(`training ${status}: ${error?.detail}`)
  }
  return (performance.now() - began) / 1000
}

/** Turns of 100 calls each, so that both routes see the same machine. */
async function comparePrediction(service: string): Promise<HttpResult['prediction']> {
  const body = JSON.stringify({ instances: [irisFlower] })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const predictUrl = `${service}/v1/models/${model}/predict`
  const answer = await post(agent, predictUrl, body)
  const empty = await startEmptyRoute(answer)
  const times: Record<'predict' | 'empty', number[]> = { predict: [], empty: [] }
  try {
    for (let turn = 0; turn < 12; turn++) {
      for (const [route, url] of [
        ['predict', predictUrl],
        ['empty', empty.url],
      ] as const) {
        for (let i = 0; i < 100; i++) {
          const began = performance.now()
          await post(agent, url, body)
          if (turn >= 2) times[route].push(performance.now() - began)
        }
      }
    }
  } finally {
    empty.stop()
    agent.destroy()
  }
  const summary = (values: readonly number[]) => ({ median: median(values), p95: quantile(values, 0.95) })
  return { predict: summary(times.predict), empty: summary(times.empty) }
}

function post(agent: Agent, url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${url}: ${text}`))))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The empty route in a process of its own, as the service is. */
async function startEmptyRoute(answer: string): Promise<{ url: string; stop(): void }> {
  const program = join(import.meta.dirname, 'empty-route.js')
  const child = spawn(process.execPath, [program, answer], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const url of createInterface({ input: child.stdout })) return { url, stop: () => child.kill() }
  throw new Error('the empty route did not start')
}

/** Both measurements as text. */
export function formatHttp({ trainingSeconds, prediction }: HttpResult): string {
  const { first, median, min, max } = trainingSeconds
  const verdict = median < trainingGoalSeconds ? 'met' : 'missed'
  const row = (name: string, { median: middle, p95 }: { median: number; p95: number }) => [
    name,
    middle.toFixed(3),
    p95.toFixed(3),
  ]
  return [
    `iris, ${epochs} epochs over HTTP, request to published version: ${digits(median)} s (${digits(min)} to ${digits(max)};` +
      ` the first ${digits(first)} s); goal below ${trainingGoalSeconds} s: ${verdict}`,
    '',
    formatTable(
      ['one call, ms', 'median', 'p95'],
      [row('POST …/predict', prediction.predict), row('empty Fastify route', prediction.empty)],
    ),
    `a prediction costs ${(prediction.predict.median / prediction.empty.median).toFixed(2)} times the empty route`,
  ].join('\n')
}
