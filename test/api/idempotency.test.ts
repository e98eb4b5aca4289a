/** Idempotency-Key (case C64): the same key and body is one training, another body is refused, no key is two. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
let dataset: string
const net = (name: string) => ({ name, layers: [{ type: 'Dense', units: 2, activation: 'softmax' }] })

beforeAll(async () => {
  service = await testService()
  const rows = Array.from({ length: 20 }, (_, a) => ({ a, label: a % 2 ? 'x' : 'y' }))
  dataset = (await service.http.post('/v1/datasets').send({ rows }).expect(201)).body.id
  await service.http.post('/v1/models').send(net('net')).expect(201)
})
afterAll(() => service.close())

function train(epochs: number, key?: string) {
  const request = service.http.post('/v1/models/net/trainings')
  if (key !== undefined) request.set('Idempotency-Key', key)
  return request.send({ dataset, target: 'label', epochs })
}

const count = async () => (await service.http.get('/v1/trainings?limit=500')).body.items.length

test('C64: the same key and body is the same training, queued once', async () => {
  const before = await count()
  const first = await train(3, 'a')
  const again = await train(3, 'a')
  expect([first.status, again.status]).toEqual([202, 202])
  expect(again.body).toEqual(first.body)
  expect(again.headers.location).toBe(first.headers.location)
  expect(await count()).toBe(before + 1)
  expect([...(await service.queue.trainings())].filter((id) => id === first.body.id)).toHaveLength(1)
})

test('C64: the same key at the same time is one training', async () => {
  const before = await count()
  const answers = await Promise.all(Array.from({ length: 5 }, () => train(3, 'at once')))
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
  expect(await count()).toBe(before + 1)
})

test('C64: the same key with another body is refused', async () => {
  await train(3, 'b').expect(202)
  const before = await count()
  const other = await train(4, 'b')
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])
  expect(await count()).toBe(before)
})

test('C64: without a key the same request is two trainings', async () => {
  const [first, second] = [await train(3), await train(3)]
  expect(second.body.id).not.toBe(first.body.id)
})

test('a request that was refused leaves its key free', async () => {
  await train(0, 'c').expect(422)
  await train(1, 'c').expect(202)
})

test('a model is made once as well', async () => {
  const create = () => service.http.post('/v1/models').set('Idempotency-Key', 'd').send(net('once'))
  const first = await create()
  const again = await create()
  expect([first.status, again.status]).toEqual([201, 201])
  expect(again.body).toEqual(first.body)
})
