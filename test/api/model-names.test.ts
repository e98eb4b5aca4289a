/** Names of models (case C57): refused when they are made, or usable on every route; and the rest of a model's life. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishLog } from '../support/published.ts'
import { addRunning } from '../support/rows.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await testService()
})
afterAll(() => service.close())

const layers = [
  { type: 'Input', shape: [1] },
  { type: 'Dense', units: 1 },
]
const create = (name: unknown) => service.http.post('/v1/models').send({ name, layers })

test.each(['a/b', 'a:predict', 'a%2Fb', '..', '.', '', 'x'.repeat(300), 'Größe', 'a@b', 'a b', '-a', 'a\n', 'a?b'])(
  'C57: %j is refused with the allowed pattern',
  async (name) => {
    const { status, body } = await create(name)
    expect([status, body.code, body.errors[0]?.pointer]).toEqual([422, 'invalid_definition', '/name'])
    expect(body.detail).toContain('^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$')
  },
)

test.each(['iris-2.0_x', 'predict', 'versions', 'summary', 'trainings', 'a..b', '__proto__', '7', 'x'.repeat(128)])(
  'C57: %s works on every route',
  async (name) => {
    const created = await create(name)
    expect([created.status, created.headers.location]).toEqual([201, `/v1/models/${name}`])
    await publishLog(service.store, name)
    // As a client may write it too: every character percent-encoded.
    const encoded = [...name].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')
    for (const path of [name, encoded]) {
      expect((await service.http.get(`/v1/models/${path}`)).body.name).toBe(name)
      expect((await service.http.get(`/v1/models/${path}/summary`)).body.total_parameters).toBe(2)
      expect((await service.http.get(`/v1/models/${path}/versions`)).body.items).toHaveLength(1)
      expect((await service.http.get(`/v1/models/${path}/versions/1`)).body.model).toBe(name)
      const body = { instances: [[1]] }
      expect((await service.http.post(`/v1/models/${path}/predict`).send(body)).body.model).toBe(name)
      expect((await service.http.post(`/v1/models/${path}/versions/1/predict`).send(body)).body.model).toBe(name)
      const training = await service.http.post(`/v1/models/${path}/trainings`).send({ dataset: 'ds_none' })
      expect(training.body.code).toBe('unknown_dataset')
    }
    await service.http.delete(`/v1/models/${encoded}`).expect(204)
  },
)

test('C57: %2F in a path is part of a name, which no model has', async () => {
  const { status, body } = await service.http.get('/v1/models/a%2Fb')
  expect([status, body.code]).toEqual([404, 'model_not_found'])
})

test('a model tells its definition with every default, and its parameters', async () => {
  const { body } = await create('told')
  expect(body).toMatchObject({ name: 'told', total_parameters: 2, trainable_parameters: 2 })
  expect(body.definition.layers[1]).toMatchObject({ type: 'Dense', units: 1, activation: null, use_bias: true })
  expect((await service.http.get('/v1/models/told')).body).toEqual(body)
})

test('the summary is Keras’ table with Accept: text/plain, and JSON without', async () => {
  const chain = [{ type: 'Input', shape: [100] }, ...[128, 256, 10].map((units) => ({ type: 'Dense', units }))]
  await service.http.post('/v1/models').send({ name: 'wide', layers: chain }).expect(201)
  const table = await service.http.get('/v1/models/wide/summary').set('Accept', 'text/plain')
  expect(table.headers['content-type']).toBe('text/plain; charset=utf-8')
  for (const part of ['Model: "wide"', '12,928', '33,024', '2,570', 'Total params: 48,522'])
    expect(table.text).toContain(part)
  const { body } = await service.http.get('/v1/models/wide/summary')
  expect(body.layers.map(({ parameters }: { parameters: number }) => parameters)).toEqual([12928, 33024, 2570])
  expect(body).toMatchObject({ total_parameters: 48522, trainable_parameters: 48522, non_trainable_parameters: 0 })
})

test('the list is in pages, by name', async () => {
  for (const name of ['zz-1', 'zz-2', 'zz-3']) await create(name).expect(201)
  const all: string[] = []
  let path: string | null = '/v1/models?limit=2'
  while (path !== null) {
    const { body } = await service.http.get(path)
    all.push(...body.items.map(({ name }: { name: string }) => name))
    path = body.next_cursor && `/v1/models?limit=2&cursor=${encodeURIComponent(body.next_cursor)}`
  }
  expect(all).toEqual(expect.arrayContaining(['zz-1', 'zz-2', 'zz-3']))
  expect(new Set(all).size).toBe(all.length)
  const wrong = await service.http.get('/v1/models?cursor=nonsense')
  expect([wrong.status, wrong.body.errors[0]]).toMatchObject([422, { in: 'query', pointer: '/cursor' }])
})

test('a model in training is not deleted', async () => {
  const { model } = await addRunning(service.store)
  const { status, body } = await service.http.delete(`/v1/models/${model}`)
  expect([status, body.code]).toEqual([409, 'model_in_use'])
  await service.http.get(`/v1/models/${model}`).expect(200)
})
