/** Nested lists over HTTP with a real worker process: images, sequences, several labels, from the upload to the prediction. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRandom } from '../../src/random.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await testService({ worker: true })
})
afterAll(() => service.close())

const post = async (path: string, body: object) => {
  const response = await service.http.post(path).send(body)
  return { status: response.status, body: response.body }
}

/** The training as it ended. */
async function train(model: string, layers: object[], rows: object[], request: object) {
  const dataset = await post('/v1/datasets', { rows })
  expect(dataset.status).toBe(201)
  expect((await post('/v1/models', { name: model, layers })).status).toBe(201)
  const started = await post(`/v1/models/${model}/trainings`, { dataset: dataset.body.id, seed: 1, ...request })
  expect(started).toMatchObject({ status: 202 })
  for (;;) {
    const { body } = await service.http.get(`/v1/trainings/${started.body.id}`)
    if (body.finished_at !== null) {
      expect(body).toMatchObject({ status: 'succeeded', error: null })
      return { training: body, dataset: dataset.body }
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const predict = (model: string, ...instances: unknown[]) => post(`/v1/models/${model}/predict`, { instances })

const random = createRandom(5)
const dim = () => Math.floor(random.uniform() * 60)

/** 6 x 6 pixels of one channel with a bright column or row. */
function image(bright: 'column' | 'row') {
  const place = Math.floor(random.uniform() * 6)
  return Array.from({ length: 6 }, (_, y) =>
    Array.from({ length: 6 }, (_unused, x) =>
      [(bright === 'row' ? y : x) === place ? 200 + dim() / 2 : dim()].map(Math.floor),
    ),
  )
}

test('images: a convolutional network learns them, and takes them as objects and bare', async () => {
  const kinds = ['column', 'row'] as const
  const rows = Array.from({ length: 160 }, (_, i) => {
    const kind = kinds[i % 2] ?? 'row'
    return { image: image(kind), kind }
  })
  const layers = [
    { type: 'Conv2D', filters: 8, kernel_size: 3, activation: 'relu' },
    { type: 'Flatten' },
    { type: 'Dense', units: 2, activation: 'softmax' },
  ]
  const optimizer = { name: 'adam', learning_rate: 0.01 }
  const { training, dataset } = await train('images', layers, rows, {
    ...{ target: 'kind', preprocessing: 'rescale', epochs: 30, optimizer },
  })
  expect(dataset.columns[0]).toMatchObject({ name: 'image', type: 'tensor', shape: [6, 6, 1], min: 0 })
  expect(training.request.preprocessing).toEqual({ image: 'rescale' })
  expect(training.metrics.validation.accuracy).toBeGreaterThan(0.9)
  const instances = [{ image: image('row') }, image('column')]
  const { body } = await predict('images', ...instances)
  expect(body.predictions.map(({ label }: { label: string }) => label)).toEqual(['row', 'column'])
  const many = await predict('images', ...Array.from({ length: 8000 }, () => instances[1]))
  expect(many.body.predictions).toHaveLength(8000) // 1.2 MB of JSON
  const shown = await service.http.get(`/v1/datasets/${dataset.id}/rows?limit=1`)
  expect(shown.body.items).toEqual([rows[0]])
  const ragged = [{ image: image('row').slice(1) }]
  expect(await predict('images', ...ragged)).toMatchObject({
    status: 422,
    body: { code: 'invalid_instance', errors: [{ pointer: '/instances/0/image' }] },
  })
  const { body: version } = await service.http.get('/v1/models/images/versions/1')
  expect(version.features).toEqual([{ name: 'image', type: 'tensor', shape: [6, 6, 1], padded: false, required: true }])
})

test('sequences of ids: padded at the end, masked, learned; C73 in training and in prediction', async () => {
  // whether a 1 or a 2 comes last
  const rows = Array.from({ length: 200 }, () => {
    const ids = Array.from({ length: 2 + Math.floor(random.uniform() * 5) }, () => 1 + Math.floor(random.uniform() * 2))
    return { ids, last: ids.at(-1) === 1 ? 'one' : 'two' }
  })
  const layers = [
    { type: 'Embedding', input_dim: 3, output_dim: 4, mask_zero: true },
    { type: 'LSTM', units: 8 },
    { type: 'Dense', units: 1, activation: 'sigmoid' },
  ]
  const request = { target: 'last', epochs: 40, optimizer: { name: 'adam', learning_rate: 0.03 } }
  const { training, dataset } = await train('words', layers, rows, request)
  expect(dataset.warnings).toMatchObject([{ code: 'padded_sequences' }])
  expect(training.metrics.validation.accuracy).toBeGreaterThan(0.9)
  const { body } = await predict('words', { ids: [2, 2, 1] }, [1, 2], [[1, 1, 1, 1, 2]])
  expect(body.predictions.map(({ label }: { label: string }) => label)).toEqual(['one', 'two', 'two'])
  expect(await predict('words', [1, 3])).toMatchObject({
    status: 422,
    body: {
      code: 'invalid_instance',
      errors: [{ pointer: '/instances/0', detail: expect.stringContaining('from 0 to 2, received 3') }],
    },
  })
  const other = await post('/v1/datasets', { rows: [...rows, { ids: [1, 3], last: 'one' }] })
  expect(await post('/v1/models/words/trainings', { ...request, dataset: other.body.id })).toMatchObject({
    status: 422,
    body: { code: 'invalid_training', detail: expect.stringContaining('holds 3 in row 201') },
  })
})

test('several labels and several numbers are answered as cells of the target', async () => {
  const rows = Array.from({ length: 120 }, () => {
    const a = random.uniform() - 0.5
    const b = random.uniform() - 0.5
    return { a, b, signs: [Number(a > 0), Number(b > 0)], sums: [[a + b], [a - b]] }
  })
  const optimizer = { name: 'adam', learning_rate: 0.1 }
  const signs = await train('signs', [{ type: 'Dense', units: 2, activation: 'sigmoid' }], rows, {
    ...{ features: ['a', 'b'], target: 'signs', epochs: 60, optimizer },
  })
  expect(signs.training.request.loss.name).toBe('binary_crossentropy')
  expect(signs.training.metrics.validation.accuracy).toBeGreaterThan(0.9)
  const { body } = await predict('signs', { a: 0.4, b: -0.4 })
  const [{ value, probabilities }] = body.predictions
  expect(value).toEqual([1, 0])
  expect(probabilities.map(Math.round)).toEqual([1, 0])

  const layers = [
    { type: 'Dense', units: 2 },
    { type: 'Reshape', target_shape: [2, 1] },
  ]
  await train('sums', layers, rows, { ...{ features: ['a', 'b'], target: 'sums', epochs: 150, optimizer } })
  const answer = await predict('sums', { a: 0.25, b: -0.25 })
  const [first, second] = answer.body.predictions[0].value.flat()
  expect([first, second].map((sum: number) => Math.round(sum * 10) / 10 + 0)).toEqual([0, 0.5])
})

test('a model with several inputs is fed from an image, numbers and texts at once', async () => {
  const rows = Array.from({ length: 160 }, () => {
    const bright = random.uniform() > 0.5 ? 'row' : 'column'
    const color = random.uniform() > 0.5 ? 'red' : 'blue'
    const size = random.normal()
    // one of 1, 2, 3 and 4 by picture and color, and what the size adds
    return { picture: image(bright), color, size, y: (bright === 'row' ? 2 : 0) + (color === 'red' ? 1 : 0) + size }
  })
  const layers = [
    { type: 'Input', shape: [6, 6, 1], name: 'image' },
    { type: 'Input', shape: [3], name: 'table' },
    { type: 'Conv2D', name: 'conv', filters: 8, kernel_size: 3, activation: 'relu', inputs: ['image'] },
    { type: 'Flatten', name: 'pixels', inputs: ['conv'] },
    { type: 'Dense', name: 'seen', units: 8, activation: 'relu', inputs: ['pixels'] },
    { type: 'Concatenate', name: 'all', inputs: ['table', 'seen'] },
    { type: 'Dense', name: 'out', units: 1, inputs: ['all'] },
  ]
  const { training } = await train('both', layers, rows, {
    ...{ features: { table: ['size', 'color'], image: ['picture'] }, target: 'y', epochs: 60 },
    ...{ preprocessing: { picture: 'rescale' }, optimizer: { name: 'adam', learning_rate: 0.01 } },
  })
  expect(training.request.features).toEqual({ image: ['picture'], table: ['size', 'color'] })
  expect(training.metrics.validation.mean_absolute_error).toBeLessThan(0.3)
  const { body } = await predict(
    'both',
    { picture: image('row'), color: 'red', size: 0 },
    { picture: image('column'), color: 'blue', size: 1 },
  )
  const values = body.predictions.map(({ value }: { value: number }) => value)
  expect(Math.abs(values[0] - 3)).toBeLessThan(0.7)
  expect(Math.abs(values[1] - 1)).toBeLessThan(0.7)
})
