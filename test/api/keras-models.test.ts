/** Models that Keras wrote down, through the API with a real worker: C66. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kerasFixture } from '../support/keras.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await testService({ worker: true })
})
afterAll(() => service.close())

test.each([
  ['C66_keras3.json', 216],
  ['C66_keras2.json', 198],
  ['C66_keras3_shared.json', 20],
])('%s becomes a model of %d parameters', async (file, parameters) => {
  const name = file.replace('.json', '')
  const { body } = await service.http
    .post('/v1/models')
    .send({ name, keras: kerasFixture(file) })
    .expect(201)
  expect(body).toMatchObject({ name, total_parameters: parameters, definition: { name } })
  const again = { ...body.definition, name: `${name}-again` }
  expect((await service.http.post('/v1/models').send(again).expect(201)).body.total_parameters).toBe(parameters)
})

/** Lists of five numbers of 1 to 9, and whether the first is large. */
const rows = Array.from({ length: 120 }, (_, i) => {
  const ids = Array.from({ length: 5 }, (_unused, k) => 1 + ((i * 7 + k * 5 + (i % 11) * k) % 9))
  return { ids, label: (ids[0] ?? 0) > 4 ? 'large' : 'small' }
})

/** Trains the model on those rows and predicts the first ones. */
async function trainAndPredict(model: string) {
  const { body: dataset } = await service.http.post('/v1/datasets').send({ rows }).expect(201)
  const request = {
    dataset: dataset.id,
    target: 'label',
    epochs: 40,
    seed: 3,
    optimizer: { name: 'adam', learning_rate: 0.03 },
  }
  const started = await service.http.post(`/v1/models/${model}/trainings`).send(request)
  expect(started).toMatchObject({ status: 202 })
  for (;;) {
    const { body: training } = await service.http.get(`/v1/trainings/${started.body.id}`)
    if (training.finished_at === null) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      continue
    }
    expect(training).toMatchObject({ status: 'succeeded', error: null })
    const instances = rows.slice(0, 20).map(({ ids }) => ({ ids }))
    const { body } = await service.http.post(`/v1/models/${model}/predict`).send({ instances }).expect(200)
    return body.predictions.map(({ label }: { label: string }) => label) as string[]
  }
}

const labels = rows.slice(0, 20).map(({ label }) => label)

test('what Keras wrote trains and answers', async () => {
  await service.http
    .post('/v1/models')
    .send({ name: 'gru', keras: kerasFixture('C66_keras3.json') })
    .expect(201)
  expect(await trainAndPredict('gru')).toEqual(labels)
})

test('attention in a graph trains and answers', async () => {
  const layers = [
    { type: 'Input', name: 'ids', shape: [5] },
    { type: 'Embedding', name: 'e', input_dim: 10, output_dim: 8, mask_zero: true, inputs: ['ids'] },
    { type: 'MultiHeadAttention', name: 'a', num_heads: 2, key_dim: 4, dropout: 0.1, inputs: ['e', 'e'] },
    { type: 'Add', name: 's', inputs: ['a', 'e'] },
    { type: 'LayerNormalization', name: 'n', inputs: ['s'] },
    { type: 'Flatten', name: 'f', inputs: ['n'] },
    { type: 'Dense', name: 'o', units: 2, activation: 'softmax', inputs: ['f'], kernel_constraint: 'max_norm' },
  ]
  await service.http
    .post('/v1/models')
    .send({ name: 'attention', layers, outputs: ['o'] })
    .expect(201)
  expect(await trainAndPredict('attention')).toEqual(labels)
})
