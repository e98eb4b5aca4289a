/** A model with two outputs over HTTP with a real worker process, from the upload to the prediction. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await testService({ worker: true })
})
afterAll(() => service.close())

const layers = [
  { type: 'Input', name: 'in' },
  { type: 'Dense', name: 'shared', units: 8, activation: 'tanh', inputs: ['in'] },
  { type: 'Dense', name: 'sum', units: 1, inputs: ['shared'] },
  { type: 'Dense', name: 'side', units: 1, activation: 'sigmoid', inputs: ['shared'] },
]

test('a model with two outputs trains with two losses and answers both by name', async () => {
  const rows = Array.from({ length: 80 }, (_, i) => {
    const [a, b] = [Math.sin(i), Math.cos(1.7 * i)]
    return { a, b, total: a + b, where: a > 0 ? 'right' : 'left' }
  })
  const dataset = await service.http.post('/v1/datasets').send({ rows })
  await service.http
    .post('/v1/models')
    .send({ name: 'two', layers, outputs: ['sum', 'side'] })
    .expect(201)
  const request = {
    ...{ dataset: dataset.body.id, target: { sum: 'total', side: 'where' }, loss_weights: { side: 0.5 }, seed: 1 },
    ...{ epochs: 60, optimizer: { name: 'adam', learning_rate: 0.02 } },
  }
  const started = await service.http.post('/v1/models/two/trainings').send(request)
  expect(started).toMatchObject({ status: 202 })
  const { metrics, error } = await ended(started.body.id)
  expect(error).toBeNull()
  const { loss, sum_loss, side_loss, side_accuracy } = metrics.validation
  expect(loss).toBeCloseTo(sum_loss + 0.5 * side_loss, 4)
  expect(side_accuracy).toBeGreaterThan(0.8)
  const version = await service.http.get('/v1/models/two/versions/1')
  expect(version.body.targets).toMatchObject([
    { output: 'sum', kind: 'regression' },
    { output: 'side', name: 'where' },
  ])
  const { body } = await service.http.post('/v1/models/two/predict').send({ instances: [{ a: 0.9, b: 0.1 }] })
  const [{ outputs }] = body.predictions
  expect(Math.abs(outputs.sum.value - 1)).toBeLessThan(0.4)
  expect(outputs.side).toMatchObject({ label: 'right', probabilities: { right: expect.any(Number) } })
})

test('a masked sequence is measured over its real steps in every part', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => {
    const ids = Array.from({ length: 1 + (i % 6) }, (_step, k) => 1 + ((i + k) % 4))
    return { ids, tags: [...ids.map((id) => id % 2), 1, 1, 1, 1, 1].slice(0, 6) }
  })
  const dataset = await service.http.post('/v1/datasets').send({ rows })
  const chain = [
    { type: 'Input', shape: [6] },
    { type: 'Embedding', input_dim: 5, output_dim: 4, mask_zero: true },
    { type: 'GRU', units: 4, return_sequences: true },
    { type: 'Dense', units: 2, activation: 'softmax' },
  ]
  await service.http.post('/v1/models').send({ name: 'tagger', layers: chain }).expect(201)
  const request = {
    ...{ dataset: dataset.body.id, target: 'tags', epochs: 2, batch_size: 5, seed: 1 },
    ...{ split: { train: 0.5, validation: 0.25, test: 0.25, shuffle: false } },
    ...{ loss: 'sparse_categorical_crossentropy', metrics: ['log_loss', 'confusion_matrix'] },
  }
  const started = await service.http.post('/v1/models/tagger/trainings').send(request)
  const { metrics, error } = await ended(started.body.id)
  expect(error).toBeNull()
  for (const part of ['train', 'validation', 'test']) {
    expect(metrics[part].loss).toBeCloseTo(metrics[part].log_loss, 5)
  }
  const steps = rows.slice(30).reduce((sum, { ids }) => sum + ids.length, 0)
  const counted: number = metrics.test.confusion_matrix.matrix.flat().reduce((sum: number, n: number) => sum + n, 0)
  expect(counted).toBe(steps)
})

async function ended(id: string) {
  for (;;) {
    const { body } = await service.http.get(`/v1/trainings/${id}`)
    if (body.finished_at !== null) return body
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
