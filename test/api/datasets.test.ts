/** Datasets over HTTP: files and JSON in, columns, statistics and rows back. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addTraining } from '../support/rows.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService

beforeAll(async () => {
  service = await testService({ config: { bodyLimitBytes: 1024, uploadLimitBytes: 100_000 } })
})
afterAll(() => service.close())

const csv = 'size,color,wet\n1.5,red,true\n2.5,blue,false\n,red,true\n'

function upload(text: string, fields: Record<string, string> = {}) {
  const request = service.http.post('/v1/datasets').attach('file', Buffer.from(text), 'things.csv')
  return Object.entries(fields).reduce((form, [name, value]) => form.field(name, value), request)
}

test('a CSV file is read, described and kept', async () => {
  const response = await upload(csv)
  expect(response.status).toBe(201)
  expect(response.headers.location).toBe(`/v1/datasets/${response.body.id}`)
  expect(response.body).toMatchObject({
    id: expect.stringMatching(/^ds_/),
    name: 'things.csv',
    format: 'csv',
    row_count: 3,
    columns: [
      { name: 'size', type: 'number', missing_count: 1 },
      { name: 'color', type: 'category', missing_count: 0 },
      { name: 'wet', type: 'boolean', missing_count: 0 },
    ],
    warnings: [],
    created_at: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  const again = await service.http.get(response.headers.location ?? '')
  expect(again.body).toEqual(response.body)
})

test('a form may name the dataset and say what its columns are', async () => {
  const columns = JSON.stringify({ size: { type: 'text' }, color: { role: 'target' } })
  const { status, body } = await upload(csv, { name: 'Things', format: 'csv', columns })
  expect(status).toBe(201)
  expect(body.name).toBe('Things')
  expect(body.columns).toMatchObject([{ type: 'category' }, { role: 'target' }, {}])
})

test.each([
  [
    'rows',
    {
      rows: [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' },
      ],
    },
  ],
  ['columns', { columns: { a: [1, 2], b: ['x', 'y'] } }],
])('JSON %s are a dataset too', async (_name, data) => {
  const { status, body } = await service.http.post('/v1/datasets').send({ name: 'json', ...data })
  expect(status).toBe(201)
  expect(body).toMatchObject({ name: 'json', format: 'json', row_count: 2 })
  const rows = await service.http.get(`/v1/datasets/${body.id}/rows`)
  expect(rows.body).toEqual({
    items: [
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ],
    next_cursor: null,
  })
})

test('rows come in pages, a missing cell is null', async () => {
  const { body } = await upload(csv)
  const first = await service.http.get(`/v1/datasets/${body.id}/rows?limit=2`)
  expect(first.body.items).toHaveLength(2)
  const second = await service.http.get(`/v1/datasets/${body.id}/rows?limit=2&cursor=${first.body.next_cursor}`)
  expect(second.body).toEqual({ items: [{ size: null, color: 'red', wet: true }], next_cursor: null })
})

test('statistics tell each column', async () => {
  const { body } = await upload(csv)
  const { status, body: told } = await service.http.get(`/v1/datasets/${body.id}/statistics`)
  expect(status).toBe(200)
  expect(JSON.stringify(told)).toContain('"mean":2')
})

test('the list is in pages, newest first', async () => {
  const ids: string[] = []
  for (const a of [1, 2, 3]) ids.unshift((await service.http.post('/v1/datasets').send({ rows: [{ a }] })).body.id)
  const first = await service.http.get('/v1/datasets?limit=2')
  expect(first.body.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 2))
  const second = await service.http.get(`/v1/datasets?limit=1&cursor=${encodeURIComponent(first.body.next_cursor)}`)
  expect(second.body.items[0].id).toBe(ids[2])
})

test('a dataset that a training needs is not deleted, another one is', async () => {
  const { body } = await upload(csv)
  const training = await addTraining(service.store, { dataset: body.id })
  const refused = await service.http.delete(`/v1/datasets/${body.id}`)
  expect([refused.status, refused.body.code]).toEqual([409, 'dataset_in_use'])
  await service.store.trainings.requestCancel(training.id)
  await service.http.delete(`/v1/datasets/${body.id}`).expect(204)
  const gone = await service.http.get(`/v1/datasets/${body.id}`)
  expect([gone.status, gone.body.code]).toEqual([404, 'dataset_not_found'])
})

test('the same Idempotency-Key and file again makes no second dataset, another file is refused', async () => {
  const first = await upload(csv).set('Idempotency-Key', 'upload-1')
  const again = await upload(csv).set('Idempotency-Key', 'upload-1')
  expect([again.status, again.body.id]).toEqual([201, first.body.id])
  const other = await upload(`${csv}9,red,true\n`).set('Idempotency-Key', 'upload-1')
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused'])
})

test('datasets may be larger than other bodies, up to their own limit', async () => {
  const rows = (count: number) => ({ rows: Array.from({ length: count }, (_, a) => ({ a })) })
  await service.http.post('/v1/datasets').send(rows(1000)).expect(201)
  const tooMuch = await service.http.post('/v1/datasets').send(rows(20_000))
  expect([tooMuch.status, tooMuch.body.code]).toEqual([413, 'payload_too_large'])
  const tooLarge = await upload(`a\n${'1\n'.repeat(60_000)}`)
  expect([tooLarge.status, tooLarge.body.code]).toEqual([413, 'payload_too_large'])
})

test.each([
  ['columns that are no JSON', { columns: '{' }, 'invalid_request', '/columns'],
  ['an unknown type', { columns: '{"size":{"type":"date"}}' }, 'invalid_request', '/columns/size/type'],
  ['an unknown field', { title: 'x' }, 'invalid_request', '/title'],
  ['an unknown format', { format: 'xls' }, 'invalid_request', '/format'],
])('a form with %s is a 422 at its pointer', async (_name, fields, code, pointer) => {
  const { status, body } = await upload(csv, fields)
  expect([status, body.code, body.errors[0]?.pointer]).toEqual([422, code, pointer])
})

test('a form without a file is a 422 at /file', async () => {
  const { status, body } = await service.http.post('/v1/datasets').field('name', 'x')
  expect([status, body.errors[0]?.pointer]).toEqual([422, '/file'])
})

test.each([
  ['no body at all', undefined, undefined, 400, 'malformed_json'],
  ['a broken form', 'multipart/form-data; boundary=x', '--x\r\nContent-Disp', 400, 'malformed_multipart'],
  ['a form without a boundary', 'multipart/form-data', 'x', 400, 'malformed_multipart'],
  ['CSV as the body itself', 'text/csv', csv, 415, 'unsupported_media_type'],
])('%s is a problem', async (_name, type, sent, status, code) => {
  const response = await fetch(`${service.url}/v1/datasets`, {
    method: 'POST',
    ...(type && { headers: { 'content-type': type } }),
    ...(sent && { body: sent }),
  })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ code })
})
