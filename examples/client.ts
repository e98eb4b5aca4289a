/** The few calls of the HTTP interface that the demo and the benchmark make, with `fetch` and nothing else. */

export interface HistoryRow {
  readonly epoch: number
  readonly loss: number | null
  readonly val_loss?: number | null
  readonly accuracy?: number | null
  readonly val_accuracy?: number | null
}

export interface Training {
  readonly id: string
  readonly status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
  readonly epoch: number
  readonly epochs: number
  readonly version: number | null
  readonly error: { readonly code: string; readonly detail: string } | null
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number | null>>>>
}

export interface Prediction {
  readonly version: number
  readonly predictions: readonly { readonly label: string; readonly probabilities: Readonly<Record<string, number>> }[]
}

/** An error answer of the service: its problem details. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: string

  constructor(call: string, status: number, problem: { code?: string; detail?: string }) {
    super(`${call}: ${status} ${problem.code ?? ''} ${problem.detail ?? ''}`)
    this.code = problem.code ?? 'unknown'
  }
}

/**
 * One call; the answer's JSON. A plain object goes as JSON, a form as multipart.
 * @throws {ServiceError} for every answer that is not 2xx
 */
export async function call<T>(url: string, method = 'GET', body?: FormData | object): Promise<T> {
  const isForm = body instanceof FormData
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
    ...(body === undefined || isForm ? {} : { headers: { 'content-type': 'application/json' } }),
  })
  const answer = (await response.json()) as T
  if (!response.ok) throw new ServiceError(`${method} ${url}`, response.status, answer as { code?: string })
  return answer
}

/** Uploads a CSV file as a data set. */
export function uploadCsv(
  service: string,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<{ id: string; row_count: number }> {
  const form = new FormData()
  form.set('name', name)
  form.set('file', new Blob([bytes], { type: 'text/csv' }), `${name}.csv`)
  return call(`${service}/v1/datasets`, 'POST', form)
}

export type TrainingEvent =
  | { readonly type: 'epoch'; readonly row: HistoryRow }
  | { readonly type: 'finished'; readonly training: Training }

/** The events of a training as they happen, to the last. A broken connection is taken up where it broke. */
export async function* trainingEvents(service: string, id: string): AsyncGenerator<TrainingEvent> {
  let lastId = '0'
  for (let attempt = 0; attempt < 5; attempt++) {
    const headers = { accept: 'text/event-stream', 'last-event-id': lastId }
    const response = await fetch(`${service}/v1/trainings/${id}/events`, { headers })
    if (!response.ok || !response.body) throw new Error(`events of ${id}: ${response.status} ${await response.text()}`)
    for await (const { type, data, eventId } of serverSentEvents(response.body)) {
      lastId = eventId ?? lastId
      attempt = 0
      if (type === 'epoch') yield { type, row: JSON.parse(data) as HistoryRow }
      if (type !== 'finished') continue
      yield { type, training: JSON.parse(data) as Training }
      return
    }
  }
  throw new Error(`the events of ${id} broke off again and again after event ${lastId}`)
}

interface ServerSentEvent {
  readonly type: string
  readonly data: string
  readonly eventId: string | null
}

/** Splits a `text/event-stream` into its events; comments (heartbeats) are passed over. */
async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let pending = ''
  const decoder = new TextDecoder()
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true })
    const blocks = pending.split(/\r?\n\r?\n/)
    pending = blocks.pop() ?? ''
    for (const block of blocks) {
      const fields = new Map<string, string>()
      for (const line of block.split(/\r?\n/)) {
        const [, name = '', value = ''] = /^([a-z]+): ?(.*)$/.exec(line) ?? []
        if (name) fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value)
      }
      const data = fields.get('data')
      if (data !== undefined) yield { type: fields.get('event') ?? 'message', data, eventId: fields.get('id') ?? null }
    }
  }
}
