/** The main job over HTTP with a real worker process: upload, model, training, events, prediction, export. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromSafetensors } from '../../src/onnx/safetensors.ts'
import { readEvents, type ServerEvent } from '../support/server-events.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
let dataset: string

beforeAll(async () => {
  service = await testService({ worker: true })
  const csv = await readFile(join(import.meta.dirname, '../../examples/iris.csv'))
  const response = await service.http.post('/v1/datasets').attach('file', csv, 'iris.csv').expect(201)
  dataset = response.body.id
  await service.http
    .post('/v1/models')
    .send({
      name: 'iris',
      layers: [
        { type: 'Input', shape: [4] },
        { type: 'Dense', units: 16, activation: 'relu' },
        { type: 'Dense', units: 3, activation: 'softmax' },
      ],
    })
    .expect(201)
})
afterAll(() => service.close())

const split = { train: 0.6, validation: 0.2, test: 0.2 }

/** Starts a training and collects its events to the end. */
async function train(model: string, request: object) {
  const started = await service.http
    .post(`/v1/models/${model}/trainings`)
    .send({ dataset, target: 'species', ...request })
  expect(started.body).toMatchObject({ status: 'queued' })
  const events: ServerEvent[] = []
  for await (const event of readEvents(`${service.url}/v1/trainings/${started.body.id}/events`)) events.push(event)
  const { body: training } = await service.http.get(`/v1/trainings/${started.body.id}`)
  return { started, events, training }
}

test('iris: trained to 0.9 or better, predicted from raw values, exported', async () => {
  const { started, events, training } = await train('iris', {
    split,
    seed: 7,
    epochs: 60,
    optimizer: { name: 'adam', learning_rate: 0.01 },
  })
  expect(started.status).toBe(202)
  expect(started.headers.location).toBe(`/v1/trainings/${started.body.id}`)
  expect(started.body.request).toMatchObject({
    batch_size: 32,
    shuffle: true,
    seed: 7,
    split: { ...split, stratify: true },
  })
  expect(events.map(({ type }) => type)).toEqual([...Array(60).fill('epoch'), 'finished'])
  expect(events.at(-1)?.data).toEqual(training)
  expect(training).toMatchObject({ status: 'succeeded', epoch: 60, version: 1, error: null })
  expect(training.metrics.test.accuracy).toBeGreaterThanOrEqual(0.9)

  const { body: history } = await service.http.get(`/v1/trainings/${training.id}/history`)
  expect(history.epochs).toEqual(events.slice(0, -1).map(({ data }) => data))
  expect(Object.keys(history.epochs[0]).sort()).toEqual(
    ['accuracy', 'epoch', 'learning_rate', 'loss', 'seconds', 'val_accuracy', 'val_loss'].sort(),
  )

  const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }
  const { body: prediction } = await service.http.post('/v1/models/iris/predict').send({ instances: [flower] })
  expect(prediction).toMatchObject({ model: 'iris', version: 1, predictions: [{ label: 'setosa' }], warnings: [] })
  const probabilities = Object.values<number>(prediction.predictions[0].probabilities)
  expect(probabilities.reduce((sum, value) => sum + value)).toBeCloseTo(1, 5)
  const asRow = await service.http
    .post('/v1/models/iris/versions/1/predict')
    .send({ instances: [Object.values(flower)] })
  expect(asRow.body.predictions).toEqual(prediction.predictions)

  const { body: version } = await service.http.get('/v1/models/iris/versions/1')
  expect(version).toMatchObject({ source: 'training', training: training.id, metrics: training.metrics })
  expect(version.target).toMatchObject({
    name: 'species',
    kind: 'multiclass',
    labels: ['setosa', 'versicolor', 'virginica'],
  })
  const onnx = await service.http.get('/v1/models/iris/versions/1/export').buffer(true)
  expect(onnx.status).toBe(200)
  expect(onnx.headers['content-disposition']).toBe('attachment; filename="iris-v1.onnx"')
  const weights = await service.http.get('/v1/models/iris/versions/1/export?format=safetensors').buffer(true)
  const { tensors } = fromSafetensors(weights.body)
  expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
    ['dense/kernel', [4, 16]],
    ['dense/bias', [16]],
    ['dense_1/kernel', [16, 3]],
    ['dense_1/bias', [3]],
  ])
})

test('a model whose input is open takes its width from the data, and then has a summary', async () => {
  const open = await service.http
    .post('/v1/models')
    .send({ name: 'open', layers: [{ type: 'Dense', units: 3, activation: 'softmax' }] })
  expect(open.body).toMatchObject({ total_parameters: null, trainable_parameters: null })
  const before = await service.http.get('/v1/models/open/summary')
  expect([before.status, before.body.code]).toEqual([409, 'input_shape_unknown'])
  const { training } = await train('open', { epochs: 1 })
  expect(training.status).toBe('succeeded')
  const { body } = await service.http.get('/v1/models/open')
  expect(body.total_parameters).toBe(15)
  const { body: after } = await service.http.get('/v1/models/open/summary')
  expect(after.layers).toMatchObject([{ type: 'Dense', output_shape: [null, 3], parameters: 15 }])
})

test('a training whose process is killed fails with the reason, and the next one works', async () => {
  const request = { dataset, target: 'species', epochs: 200_000 }
  const { body } = await service.http.post('/v1/models/iris/trainings').send(request).expect(202)
  const events = readEvents(`${service.url}/v1/trainings/${body.id}/events`)
  await events.next()
  const worker = service.workerPid
  const children = await readFile(`/proc/${worker}/task/${worker}/children`, 'utf8')
  for (const pid of children.trim().split(/\s+/)) process.kill(Number(pid), 'SIGKILL')
  let last: ServerEvent | undefined
  for await (const event of events) last = event
  expect(last?.data).toMatchObject({ status: 'failed', error: { code: 'training_crashed' } })
  expect((await train('iris', { epochs: 1 })).training.status).toBe('succeeded')
})

test('a loss that is no longer finite ends the training with its code, and the history stays JSON', async () => {
  const request = { epochs: 3, optimizer: { name: 'sgd', learning_rate: 1e30 } }
  const { training } = await train('iris', request)
  expect(training).toMatchObject({ status: 'failed', version: null, error: { code: 'loss_not_finite' } })
  const { status } = await service.http.get(`/v1/trainings/${training.id}/history`)
  expect(status).toBe(200)
})
