/** Predictions over HTTP with versions of known answers (cases C48, predict half, and C54). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishColors, publishLog } from '../support/published.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService

beforeAll(async () => {
  service = await testService({ config: { modelCacheSize: 2 } })
  await publishLog(service.store, 'log')
  await publishColors(service.store, 'colors')
})
afterAll(() => service.close())

const predict = (model: string, body: object) => service.http.post(`/v1/models/${model}/predict`).send(body)

test('a regression answers a value for each instance, in order', async () => {
  const { status, body } = await predict('log', { instances: [{ x: 1 }, { x: Math.E }] })
  expect(status).toBe(200)
  expect(body).toEqual({
    model: 'log',
    version: 1,
    predictions: [{ value: 0 }, { value: expect.closeTo(1, 6) }],
    warnings: [],
  })
})

test('classes answer a label and the probability of every label', async () => {
  const { body } = await predict('colors', { instances: [{ color: 'red', n: 0 }] })
  const red = Math.exp(2) / (1 + Math.exp(2))
  expect(body.predictions).toEqual([
    { label: 'red', probabilities: { many: expect.closeTo(1 - red, 6), red: expect.closeTo(red, 6) } },
  ])
})

test('rows of values are read in the order of the features', async () => {
  const { body } = await predict('colors', {
    instances: [
      ['blue', 3],
      ['red', 1],
    ],
  })
  expect(body.predictions.map(({ label }: { label: string }) => label)).toEqual(['many', 'red'])
})

test('C48: an unseen category is answered, with a warning that points at it', async () => {
  const { status, body } = await predict('colors', { instances: [{ color: 'green', n: 1 }] })
  expect(status).toBe(200)
  expect(body.predictions[0].label).toBe('many')
  expect(body.warnings).toMatchObject([{ code: 'unseen_category', pointer: '/instances/0/color' }])
})

test('C48: 2.0 in an integer column is 2', async () => {
  const response = await service.http
    .post('/v1/models/colors/predict')
    .type('json')
    .send('{"instances":[{"color":"red","n":2.0},{"color":"red","n":2}]}')
  expect(response.body.predictions[0]).toEqual(response.body.predictions[1])
})

test('C54: outputs that JSON cannot hold are null in place, and the body parses', async () => {
  const { status, text } = await predict('log', { instances: [[1], [0], [-1]] })
  expect(status).toBe(200)
  const body = JSON.parse(text)
  expect(body.predictions).toEqual([{ value: 0 }, { value: null }, { value: null }])
  expect(body.warnings.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
    '/predictions/1/value',
    '/predictions/2/value',
  ])
})

test('C54: a NaN literal in a request is a 400 with `error`', async () => {
  const response = await service.http.post('/v1/models/log/predict').type('json').send('{"instances":[{"x":NaN}]}')
  expect(response.status).toBe(400)
  expect(response.headers['content-type']).toBe('application/problem+json')
  expect(response.body).toMatchObject({ code: 'malformed_json', error: expect.stringContaining('NaN') })
})

test('a newly published version answers at once, and the one before can be pinned', async () => {
  await publishLog(service.store, 'grows', 1)
  expect((await predict('grows', { instances: [[Math.E]] })).body).toMatchObject({ version: 1 })
  await publishLog(service.store, 'grows', 10)
  await expect
    .poll(async () => (await predict('grows', { instances: [[Math.E]] })).body, { timeout: 3000 })
    .toMatchObject({ version: 2, predictions: [{ value: expect.closeTo(10, 4) }] })
  const pinned = await service.http.post('/v1/models/grows/versions/1/predict').send({ instances: [[Math.E]] })
  expect(pinned.body).toMatchObject({ version: 1, predictions: [{ value: expect.closeTo(1, 6) }] })
})

test('a model made again under a deleted name does not answer with the old one', async () => {
  await publishLog(service.store, 'phoenix', 1)
  await predict('phoenix', { instances: [[Math.E]] })
  await service.http.delete('/v1/models/phoenix').expect(204)
  await predict('phoenix', { instances: [[1]] }).expect(404)
  await publishLog(service.store, 'phoenix', 7)
  const { body } = await predict('phoenix', { instances: [[Math.E]] })
  expect(body.predictions).toEqual([{ value: expect.closeTo(7, 4) }])
})

test('more models than the cache holds all answer, also at once', async () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  await Promise.all(names.map((name, index) => publishLog(service.store, `many-${name}`, index)))
  const requests = Array.from({ length: 40 }, (_, index) => names[index % names.length] ?? '')
  const bodies = await Promise.all(
    requests.map(async (name) => (await predict(`many-${name}`, { instances: [[Math.E]] })).body),
  )
  const expected = requests.map((name) => ({ value: expect.closeTo(names.indexOf(name), 4) }))
  expect(bodies.map(({ predictions }) => predictions[0])).toEqual(expected)
  expect(service.models.loaded()).toBeLessThanOrEqual(2)
})

test.each([
  ['an unknown model', '/v1/models/nobody/predict', 'model_not_found', 404],
  ['an unknown version', '/v1/models/log/versions/9/predict', 'version_not_found', 404],
  ['a version that is no number', '/v1/models/log/versions/x/predict', 'invalid_request', 422],
])('%s is a problem', async (_name, path, code, status) => {
  const response = await service.http.post(path).send({ instances: [[1]] })
  expect(response.body).toMatchObject({ code, status, instance: path })
  expect(response.status).toBe(status)
})

test('a model without a version is told to be trained', async () => {
  await service.store.models.create({
    name: 'raw',
    definition: {},
    totalParameters: 0,
    trainableParameters: 0,
    summary: null,
  })
  const { status, body } = await predict('raw', { instances: [[1]] })
  expect([status, body.code]).toEqual([409, 'model_not_trained'])
})

test.each([
  ['no instances', {}, '/instances'],
  ['no list', { instances: 1 }, '/instances'],
  ['an empty list', { instances: [] }, '/instances'],
  ['a misspelt key', { instances: [[1]], verison: 1 }, '/verison'],
])('%s is a 422 at its pointer', async (_name, sent, pointer) => {
  const { status, body } = await predict('log', sent)
  expect([status, body.code, body.errors.map((part: { pointer: string }) => part.pointer)]).toEqual([
    422,
    'invalid_request',
    [pointer],
  ])
})

test('a version whose bytes ONNX Runtime refuses is engine_failed, and answers again when they are mended', async () => {
  const version = await publishLog(service.store, 'broken')
  const { blobKey } = await service.store.versions.get('broken', version)
  const bytes = await service.store.blobs.get(blobKey)
  await service.store.blobs.put(blobKey, Uint8Array.of(1, 2, 3))
  const { status, body } = await predict('broken', { instances: [[1]] })
  expect([status, body.code]).toEqual([500, 'engine_failed'])
  await service.store.blobs.put(blobKey, bytes)
  await predict('broken', { instances: [[1]] }).expect(200)
})

test('predictions are counted by model', async () => {
  await publishLog(service.store, 'counted')
  await predict('counted', { instances: [[1], [2], [3]] })
  const { text } = await service.http.get('/metrics')
  expect(text).toContain('fitserve_predictions_total{model="counted"} 3')
  expect(text).toContain('fitserve_prediction_duration_seconds_count{model="counted"} 1')
})
