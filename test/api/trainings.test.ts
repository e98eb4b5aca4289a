/** Watching and cancelling trainings over HTTP: the records are written as a worker writes them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addRunning, addTraining } from '../support/rows.ts'
import { readEvents, type ServerEvent } from '../support/server-events.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService

beforeAll(async () => {
  service = await testService({ heartbeatMs: 100 })
})
afterAll(() => service.close())

const epoch = (number: number, loss: number | null = 1 / number) => ({
  epoch: number,
  loss,
  val_loss: loss,
  learning_rate: 0.001,
  seconds: 0.01,
})

const success = {
  metrics: {
    train: { loss: 0.5 },
    test: { accuracy: 1, loss: null, recall: [1, null], confusion_matrix: { labels: ['a'], matrix: [[2]] } },
  },
  stopped: { reason: 'completed', epoch: 2, best_epoch: 2 },
  device: 'cpu',
  version: {
    blobKey: 'versions/none.onnx',
    signature: { version: 1, features: [], target: { name: 'y', kind: 'regression' } },
  },
}

async function collect(events: AsyncIterable<ServerEvent>): Promise<ServerEvent[]> {
  const all: ServerEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

test('a training is answered as it is recorded', async () => {
  const { id, attempt, model } = await addRunning(service.store)
  await service.store.trainings.recordEpochs(id, attempt, [epoch(1)], 10)
  await service.store.trainings.succeed(id, attempt, success)
  const { status, body } = await service.http.get(`/v1/trainings/${id}`)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    id,
    model,
    status: 'succeeded',
    epoch: 1,
    epochs: 10,
    metrics: {
      train: { loss: 0.5 },
      test: { accuracy: 1, loss: null, recall: [1, null], confusion_matrix: { labels: ['a'], matrix: [[2]] } },
    },
    version: 1,
    error: null,
    stopped: { reason: 'completed', epoch: 2, best_epoch: 2 },
    engine: 'onnxruntime',
    device: 'cpu',
    request: {},
    warnings: [],
  })
  expect(Date.parse(body.started_at)).toBeLessThanOrEqual(Date.parse(body.finished_at))
})

test('the list is filtered by model and status', async () => {
  const queued = await addTraining(service.store)
  const { id } = await addRunning(service.store, queued.model)
  const ids = async (query: string) =>
    (await service.http.get(`/v1/trainings?model=${queued.model}${query}`)).body.items.map(
      (item: { id: string }) => item.id,
    )
  expect(await ids('')).toEqual([id, queued.id])
  expect(await ids('&status=running')).toEqual([id])
  const wrong = await service.http.get('/v1/trainings?status=done&limit=0')
  expect(wrong.body.errors).toMatchObject([
    { in: 'query', pointer: '/limit' },
    { in: 'query', pointer: '/status' },
  ])
})

test('C54: the history of a training whose loss became NaN is JSON with null', async () => {
  const { id, attempt } = await addRunning(service.store)
  await service.store.trainings.recordEpochs(id, attempt, [epoch(1)], 10)
  await service.store.trainings.recordEpochs(id, attempt, [epoch(2, null)], 20)
  const { text } = await service.http.get(`/v1/trainings/${id}/history`)
  expect(JSON.parse(text)).toEqual({ epochs: [epoch(1), epoch(2, null)] })
})

test.each([
  ['?format=csv', '*/*', 'text/csv', /^epoch,loss,val_loss,learning_rate,seconds\r\n1,1,1,0.001,0.01\r\n$/],
  ['', 'text/csv', 'text/csv', /^epoch,/],
  ['?format=svg', 'application/json', 'image/svg+xml', /^<svg [\s\S]*<\/svg>\n$/],
  ['', 'image/svg+xml,*/*;q=0.5', 'image/svg+xml', /^<svg /],
  ['', 'text/html', 'application/json', /^{"epochs":/],
])('history%s with Accept: %s is %s', async (query, accept, type, form) => {
  const { id, attempt } = await addRunning(service.store)
  await service.store.trainings.recordEpochs(id, attempt, [epoch(1)], 10)
  const response = await fetch(`${service.url}/v1/trainings/${id}/history${query}`, { headers: { accept } })
  expect(response.headers.get('content-type')).toContain(type)
  expect(await response.text()).toMatch(form)
})

test('events: each epoch as it happens, then one finished with the training, then the end', async () => {
  const { id, attempt } = await addRunning(service.store)
  await service.store.trainings.recordEpochs(id, attempt, [epoch(1)], 10)
  const events = readEvents(`${service.url}/v1/trainings/${id}/events`)
  expect((await events.next()).value).toEqual({ id: '1', type: 'epoch', data: epoch(1) })
  await service.store.trainings.recordEpochs(id, attempt, [epoch(2)], 20)
  expect((await events.next()).value).toEqual({ id: '2', type: 'epoch', data: epoch(2) })
  await service.store.trainings.succeed(id, attempt, success)
  const [finished, ...more] = await collect(events)
  expect(finished).toMatchObject({ id: '3', type: 'finished', data: { id, status: 'succeeded', version: 1 } })
  expect(more).toEqual([])
})

test('events go on after Last-Event-ID, and end with 204 where all are known', async () => {
  const { id, attempt } = await addRunning(service.store)
  for (const number of [1, 2, 3]) await service.store.trainings.recordEpochs(id, attempt, [epoch(number)], number)
  await service.store.trainings.fail(id, attempt, { code: 'loss_not_finite', detail: 'the loss is NaN' })
  const url = `${service.url}/v1/trainings/${id}/events`
  const rest = await collect(readEvents(url, { 'last-event-id': '2' }))
  expect(rest.map((event) => [event.id, event.type])).toEqual([
    ['3', 'epoch'],
    ['4', 'finished'],
  ])
  expect(rest[1]?.data).toMatchObject({ status: 'failed', error: { code: 'loss_not_finite' } })
  expect((await fetch(url, { headers: { 'last-event-id': '4' } })).status).toBe(204)
})

test('a silent stream says that it lives', async () => {
  const { id } = await addRunning(service.store)
  const leave = new AbortController()
  const response = await fetch(`${service.url}/v1/trainings/${id}/events`, { signal: leave.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (text.includes(': heartbeat\n\n')) break
  }
  expect(text).toContain(': heartbeat\n\n')
  leave.abort()
})

test('a Last-Event-ID that is none of ours is a 422 in the header', async () => {
  const { id } = await addRunning(service.store)
  const { status, body } = await service.http.get(`/v1/trainings/${id}/events`).set('Last-Event-ID', 'x')
  expect([status, body.errors[0]]).toMatchObject([422, { in: 'header', pointer: '/last-event-id' }])
})

test('cancel ends a queued training at once, asks a running one, refuses an ended one', async () => {
  const queued = await addTraining(service.store)
  const cancelled = await service.http.post(`/v1/trainings/${queued.id}/cancel`)
  expect([cancelled.status, cancelled.body.status, cancelled.headers.location]).toEqual([
    202,
    'cancelled',
    `/v1/trainings/${queued.id}`,
  ])
  const { id } = await addRunning(service.store)
  const asked = await service.http.post(`/v1/trainings/${id}/cancel`)
  expect([asked.status, asked.body.status]).toEqual([202, 'running'])
  const again = await service.http.post(`/v1/trainings/${queued.id}/cancel`)
  expect([again.status, again.body.code]).toEqual([409, 'training_ended'])
})

test('checkpoints tell kind and epoch', async () => {
  const { id, attempt } = await addRunning(service.store)
  await service.store.trainings.saveCheckpoint(id, attempt, 'last', { blobKey: 'checkpoints/x', epoch: 4 } as {
    blobKey: string
  })
  const { body } = await service.http.get(`/v1/trainings/${id}/checkpoints`)
  expect(body.items).toMatchObject([{ kind: 'last', epoch: 4 }])
})

test.each(['', '/history', '/events', '/checkpoints'])('an unknown training%s is a 404', async (part) => {
  const { status, body } = await service.http.get(`/v1/trainings/tr_none${part}`)
  expect([status, body.code]).toEqual([404, 'training_not_found'])
})

test('metrics tell steps, states and the loss of running trainings', async () => {
  const { id, attempt, model } = await addRunning(service.store)
  await service.store.trainings.recordEpochs(id, attempt, [epoch(1, 0.25)], 123)
  const { text } = await service.http.get('/metrics')
  expect(text).toContain(`fitserve_training_loss{training="${id}",model="${model}"} 0.25`)
  expect(text).toMatch(/fitserve_trainings\{status="running"\} \d/)
  expect(Number(/fitserve_training_steps_total (\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(123)
  expect(text).toMatch(/fitserve_queue_jobs\{state="waiting"\} \d/)
})

test('a service that stops ends the streams of events', async () => {
  const other = await testService()
  const { id } = await addRunning(other.store)
  const events = collect(readEvents(`${other.url}/v1/trainings/${id}/events`))
  await sleep(100)
  await other.close()
  expect(await events).toEqual([])
})
