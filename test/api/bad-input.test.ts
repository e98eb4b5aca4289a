/** Bad input, each a 4xx problem with the pointer of the field; what was stored before is there after, and nothing else. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishColors } from '../support/published.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
let flowers: string
let gaps: string
let oneClass: string
let stored: unknown

beforeAll(async () => {
  service = await testService()
  const add = async (body: object) => (await service.http.post('/v1/datasets').send(body).expect(201)).body.id
  const rows = Array.from({ length: 20 }, (_, a) => ({ a, b: a % 3, label: a % 2 ? 'x' : 'y' }))
  flowers = await add({ name: 'flowers', rows })
  gaps = await add({ name: 'gaps', rows: rows.map((row) => (row.a === 4 ? { ...row, b: null } : row)) })
  oneClass = await add({ name: 'one class', rows: rows.map((row) => ({ ...row, label: 'x' })) })
  await service.http
    .post('/v1/models')
    .send({ name: 'net', layers: [{ type: 'Dense', units: 2, activation: 'softmax' }] })
    .expect(201)
  await publishColors(service.store, 'colors')
  stored = await snapshot()
})
afterAll(() => service.close())

/** Everything a client can see of what is stored, and the files below DATA_DIR. */
async function snapshot(): Promise<unknown> {
  const paths = ['/v1/datasets', '/v1/models', '/v1/trainings', '/v1/models/net/versions', '/v1/models/colors/versions']
  const lists = await Promise.all(paths.map(async (path) => (await service.http.get(path).expect(200)).body))
  return { lists, files: (await readdir(join(service.dataDir, 'blobs'), { recursive: true })).sort() }
}

/** `at` is the pointer of the first mistake; null where there is no place to point at. */
interface Expected {
  readonly status?: number
  readonly code: string
  readonly at: string | null
  /** What the detail has to name. */
  readonly says?: string
}

async function expectProblem(response: { status: number; body: Record<string, unknown> }, expected: Expected) {
  const { status = 422, code, at, says = '' } = expected
  const { errors, detail, error, instance, type } = response.body as {
    [key: string]: unknown
    errors: { pointer: string }[]
    detail: string
  }
  expect({ status: response.status, code: response.body.code, at: errors?.[0]?.pointer ?? null }).toEqual({
    status,
    code,
    at,
  })
  expect(detail).toContain(says)
  expect({ error, type }).toEqual({ error: detail, type: `/problems/${code}` })
  expect(instance).toMatch(/^\/v1\//)
  expect(await snapshot()).toEqual(stored)
}

const dense = (settings: object) => ({ type: 'Dense', units: 2, ...settings })

test.each<[string, object, Expected]>([
  [
    'an unknown layer',
    { layers: [{ type: 'Danse', units: 2 }] },
    { code: 'invalid_definition', at: '/layers/0/type', says: 'Dense' },
  ],
  ['Keras JSON that is none', { keras: {} }, { code: 'invalid_definition', at: '/keras', says: 'model.to_json()' }],
  ['Keras JSON and layers', { keras: {}, layers: [dense({})] }, { code: 'invalid_definition', at: '/keras' }],
  [
    'an unknown layer of Keras',
    { keras: { class_name: 'Sequential', config: { layers: [{ class_name: 'Lambda', config: {} }] } } },
    { code: 'invalid_definition', at: '/keras/config/layers/0/class_name', says: 'Lambda' },
  ],
  [
    'a shape that does not fit in Keras JSON',
    {
      keras: {
        class_name: 'Sequential',
        config: {
          layers: [
            { class_name: 'InputLayer', config: { batch_shape: [null, 4] } },
            { class_name: 'RepeatVector', config: { n: 2 } },
            { class_name: 'RepeatVector', config: { n: 2 } },
          ],
        },
      },
    },
    { code: 'shape_mismatch', at: '/keras/config/layers/2', says: 'one axis' },
  ],
  [
    'an unknown argument',
    { layers: [dense({ unit: 3 })] },
    { code: 'invalid_definition', at: '/layers/0/unit', says: 'use_bias' },
  ],
  [
    'a negative unit count',
    { layers: [dense({ units: -2 })] },
    { code: 'invalid_definition', at: '/layers/0/units', says: '-2' },
  ],
  ['units as a text', { layers: [dense({ units: '2' })] }, { code: 'invalid_definition', at: '/layers/0/units' }],
  ['no layers', { layers: [] }, { code: 'invalid_definition', at: '/layers' }],
  [
    'no output layer',
    { layers: [{ type: 'Input', shape: [4] }] },
    { code: 'invalid_definition', at: '/layers', says: 'output' },
  ],
  [
    'an unknown activation',
    { layers: [dense({ activation: 'rellu' })] },
    { code: 'invalid_definition', at: '/layers/0/activation', says: 'relu' },
  ],
  [
    'two layers of one name',
    { layers: [dense({ name: 'd' }), dense({ name: 'd' })] },
    { code: 'invalid_definition', at: '/layers/0/name' },
  ],
  [
    'a shape that cannot be',
    { layers: [{ type: 'Input', shape: [4] }, { type: 'Reshape', target_shape: [3] }, dense({})] },
    { code: 'shape_mismatch', at: '/layers/1' },
  ],
])('definition: %s', async (_name, definition, expected) => {
  await expectProblem(await service.http.post('/v1/models').send({ name: 'bad', ...definition }), expected)
})

test('two models of one name', async () => {
  const response = await service.http.post('/v1/models').send({ name: 'net', layers: [dense({})] })
  await expectProblem(response, { status: 409, code: 'model_exists', at: null, says: 'net' })
})

test.each<[string, string | Buffer, object, Expected]>([
  ['ragged rows', 'a,b\n1,2\n3\n', {}, { code: 'invalid_dataset', at: '/file', says: 'ine 3' }],
  ['an empty file', '', {}, { code: 'invalid_dataset', at: '/file', says: 'empty' }],
  ['a header alone', 'a,b\n', {}, { code: 'invalid_dataset', at: '/file' }],
  [
    'a file that is not UTF-8',
    Buffer.from('a,b\n1,caf\xe9\n', 'latin1'),
    {},
    { code: 'invalid_dataset', at: '/file', says: 'UTF-8' },
  ],
  [
    'a text cell in a number column',
    'n,y\n1,a\n12kg,b\n',
    { n: { type: 'number' } },
    { code: 'invalid_column', at: '/columns/n', says: '12kg' },
  ],
  [
    'a declared column that is not there',
    'n,y\n1,a\n',
    { m: { type: 'number' } },
    { code: 'unknown_column', at: '/columns/m' },
  ],
])('CSV: %s', async (_name, content, columns, expected) => {
  const form = service.http.post('/v1/datasets').attach('file', Buffer.from(content), 'a.csv')
  await expectProblem(await form.field('columns', JSON.stringify(columns)), expected)
})

test('JSON: values among overrides, where rows hold the values', async () => {
  const body = { rows: [{ 'a/b': 1, y: 2 }], columns: { 'a/b': [1] } }
  await expectProblem(await service.http.post('/v1/datasets').send(body), {
    code: 'invalid_request',
    at: '/columns/a~1b',
  })
})

test.each<[string, object, Expected]>([
  ['a target that does not exist', { target: 'lable' }, { code: 'unknown_column', at: '/target', says: 'label' }],
  [
    'a feature that does not exist',
    { target: 'label', features: ['a', 'c'] },
    { code: 'unknown_column', at: '/features/1' },
  ],
  [
    'a loss that does not fit the output',
    { target: 'a', loss: 'binary_crossentropy' },
    { code: 'loss_mismatch', at: '/loss' },
  ],
  ['an unknown loss', { target: 'label', loss: 'mse2' }, { code: 'invalid_training', at: '/loss' }],
  [
    'a weight of an unknown class',
    { target: 'label', class_weight: { z: 2 } },
    { code: 'invalid_training', at: '/class_weight/z', says: '"x", "y"' },
  ],
  [
    'a word for weights that there is not',
    { target: 'label', class_weight: 'equal' },
    { code: 'invalid_training', at: '/class_weight', says: 'balanced' },
  ],
  [
    'an unknown column of weights',
    { target: 'label', sample_weight: 'w' },
    { code: 'unknown_column', at: '/sample_weight', says: 'a, b, label' },
  ],
  [
    'a column of weights that are texts',
    { target: 'b', loss: 'sparse_categorical_crossentropy', sample_weight: 'label' },
    { code: 'invalid_training', at: '/sample_weight', says: 'weights are numbers' },
  ],
  [
    'a metric that does not fit the target',
    { target: 'label', metrics: ['accuracy', 'r2'] },
    { code: 'invalid_training', at: '/metrics/1', says: 'targets that are numbers' },
  ],
  [
    'the first five of two classes',
    { target: 'label', metrics: ['top_k_categorical_accuracy'] },
    { code: 'invalid_training', at: '/metrics/0', says: 'give a smaller k' },
  ],
  [
    'an argument that a loss has not',
    { target: 'label', loss: { name: 'sparse_categorical_crossentropy', label_smoothing: 0.1 } },
    { code: 'invalid_training', at: '/loss/label_smoothing' },
  ],
  [
    'a batch larger than the data',
    { target: 'label', batch_size: 100 },
    { code: 'invalid_training', at: '/batch_size', says: '14' },
  ],
  ['zero epochs', { target: 'label', epochs: 0 }, { code: 'invalid_training', at: '/epochs' }],
  ['an unknown field', { target: 'label', epoch: 3 }, { code: 'invalid_training', at: '/epoch', says: 'epochs' }],
  [
    'a split above 1',
    { target: 'label', split: { train: 0.9, validation: 0.5 } },
    { code: 'invalid_split', at: '/split' },
  ],
  ['an unknown dataset', { dataset: 'ds_none', target: 'label' }, { code: 'unknown_dataset', at: '/dataset' }],
])('training: %s', async (_name, request, expected) => {
  const response = await service.http.post('/v1/models/net/trainings').send({ dataset: flowers, ...request })
  await expectProblem(response, expected)
})

test('training: missing values are named with the policies to choose from', async () => {
  const response = await service.http.post('/v1/models/net/trainings').send({ dataset: gaps, target: 'label' })
  await expectProblem(response, { code: 'missing_values', at: '/missing_values/b', says: '"b"' })
  for (const policy of ['drop', 'mean', 'median', 'most_frequent', 'constant'])
    expect(response.body.detail).toContain(policy)
})

test('training: one class only', async () => {
  const response = await service.http.post('/v1/models/net/trainings').send({ dataset: oneClass, target: 'label' })
  await expectProblem(response, { code: 'invalid_target', at: '/target', says: 'x' })
})

test('training: an unknown model', async () => {
  const response = await service.http.post('/v1/models/none/trainings').send({ dataset: flowers, target: 'label' })
  await expectProblem(response, { status: 404, code: 'model_not_found', at: null })
})

test('training: a model whose input does not fit the data says both widths', async () => {
  await service.http
    .post('/v1/models')
    .send({ name: 'narrow', layers: [{ type: 'Input', shape: [7] }, dense({ activation: 'softmax' })] })
    .expect(201)
  stored = await snapshot()
  const response = await service.http.post('/v1/models/narrow/trainings').send({ dataset: flowers, target: 'label' })
  await expectProblem(response, { code: 'shape_mismatch', at: '/features', says: '7' })
  expect(response.body.detail).toContain('2')
})

test.each<[string, unknown, Expected]>([
  ['a missing field', { n: 1 }, { code: 'invalid_instance', at: '/instances/0/color' }],
  ['an extra field', { color: 'red', n: 1, m: 2 }, { code: 'invalid_instance', at: '/instances/0/m' }],
  ['a wrongly typed field', { color: 'red', n: 'x' }, { code: 'invalid_instance', at: '/instances/0/n' }],
  ['null without a policy', { color: 'red', n: null }, { code: 'invalid_instance', at: '/instances/0/n' }],
])('prediction: %s', async (_name, instance, expected) => {
  await expectProblem(await service.http.post('/v1/models/colors/predict').send({ instances: [instance] }), expected)
})

test('prediction: NaN', async () => {
  const request = service.http.post('/v1/models/colors/predict').type('json')
  const response = await request.send('{"instances":[{"color":"red","n":NaN}]}')
  await expectProblem(response, { status: 400, code: 'malformed_json', at: null, says: 'NaN' })
})

test('prediction: an unknown model', async () => {
  const response = await service.http.post('/v1/models/none/predict').send({ instances: [[1]] })
  await expectProblem(response, { status: 404, code: 'model_not_found', at: null })
})

test('prediction: an unseen category is a 200 with a warning', async () => {
  const { status, body } = await service.http
    .post('/v1/models/colors/predict')
    .send({ instances: [{ color: 'green', n: 1 }] })
  expect([status, body.warnings[0].code]).toEqual([200, 'unseen_category'])
})

test('a 2 MB JSON body on a 1 MB route', async () => {
  const response = await service.http.post('/v1/models').send({ name: 'x'.repeat(2_000_000), layers: [] })
  await expectProblem(response, { status: 413, code: 'payload_too_large', at: null, says: 'BODY_LIMIT_BYTES' })
})

test.each<[string, string, string | undefined, Expected]>([
  ['JSON that is cut off', '{"name":', 'application/json', { status: 400, code: 'malformed_json', at: null }],
  ['no body', '', 'application/json', { status: 400, code: 'malformed_json', at: null, says: 'empty' }],
  ['a body without a type', '{}', '', { status: 415, code: 'unsupported_media_type', at: null }],
  [
    'a form',
    'name=x',
    'application/x-www-form-urlencoded',
    { status: 415, code: 'unsupported_media_type', at: null, says: 'application/json' },
  ],
  [
    'a prototype',
    '{"name":"x","__proto__":{"a":1}}',
    'application/json',
    { status: 400, code: 'malformed_json', at: null, says: '__proto__' },
  ],
  [
    'lists in lists without end',
    `{"name":"bad","layers":[{"type":"Dense","units":${'['.repeat(50_000)}${']'.repeat(50_000)}}]}`,
    'application/json',
    { status: 400, code: 'malformed_json', at: null, says: '100 levels' },
  ],
  [
    'brackets in a text',
    JSON.stringify({ name: `${'['.repeat(200)}"\\`, layers: [] }),
    'application/json',
    { code: 'invalid_definition', at: '/name' },
  ],
  ['a body that is no object', '[]', 'application/json', { code: 'invalid_definition', at: '' }],
])('body: %s', async (_name, text, type, expected) => {
  const headers = type === undefined ? {} : { 'content-type': type }
  const response = await fetch(`${service.url}/v1/models`, { method: 'POST', body: text, headers })
  await expectProblem({ status: response.status, body: (await response.json()) as Record<string, unknown> }, expected)
})
