/** Health, documents, unknown routes, faults of ours; and that the tests of the API reach every problem. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { problems } from '../../src/errors.ts'
import { type TestService, testService } from '../support/service.ts'

let service: TestService
beforeAll(async () => {
  service = await testService({
    routes: (app) =>
      app.get('/boom', () => {
        throw new Error('the secret of the house')
      }),
  })
})
afterAll(() => service.close())

test('live and ready', async () => {
  expect((await service.http.get('/health/live').expect(200)).body).toEqual({ live: true })
  expect((await service.http.get('/health/ready').expect(200)).body).toEqual({ ready: true })
})

test('not ready while the database does not answer, ready again when it does', async () => {
  const { url } = service.store.database
  const name = new URL(url).pathname.slice(1)
  const admin = new pg.Client({ connectionString: url.replace(`/${name}`, '/postgres') })
  await admin.connect()
  await admin.query(`alter database ${name} with allow_connections false`)
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
  const { status, body } = await service.http.get('/health/ready')
  await admin.query(`alter database ${name} with allow_connections true`)
  await admin.end()
  expect([status, body.code]).toEqual([503, 'not_ready'])
  await expect.poll(async () => (await service.http.get('/health/ready')).status, { timeout: 10_000 }).toBe(200)
})

test('the document and its page are served, the page from this service alone', async () => {
  const { body } = await service.http.get('/openapi.json').expect(200)
  expect(body.openapi).toBe('3.1.0')
  const page = await service.http.get('/docs').redirects(1)
  expect(page.status).toBe(200)
  expect(page.text).not.toMatch(/(src|href)="https?:/)
  for (const [, path] of page.text.matchAll(/<script src="([^"]+)"/g)) {
    await service.http.get(new URL(path ?? '', `${service.url}/docs/`).pathname).expect(200)
  }
})

test.each(['/', '/v1', '/v1/nothing', '/v2/models', '/v1/models/a/b/c'])('%s is a route_not_found', async (path) => {
  const { status, body, headers } = await service.http.get(path)
  expect([status, body.code, body.instance]).toEqual([404, 'route_not_found', path])
  expect(headers['content-type']).toContain('application/problem+json')
})

test('a path that cannot be decoded is a problem too', async () => {
  const response = await fetch(`${service.url}/v1/models/%zz`)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ code: 'route_not_found' })
})

test('a method that a route does not have is a route_not_found', async () => {
  const { status, body } = await service.http.put('/v1/models')
  expect([status, body.code]).toEqual([404, 'route_not_found'])
})

test('a fault of ours is internal, its reason withheld', async () => {
  const { status, body } = await service.http.get('/boom')
  expect([status, body.code]).toEqual([500, 'internal'])
  expect(JSON.stringify(body)).not.toContain('secret')
})

test('requests are measured by route, not by path', async () => {
  await service.http.get('/v1/models/one')
  await service.http.get('/v1/models/two')
  const { text, headers } = await service.http.get('/metrics')
  expect(headers['content-type']).toContain('text/plain')
  expect(text).toMatch(
    /fitserve_http_request_duration_seconds_count\{method="GET",route="\/v1\/models\/:name",status="404"\} [2-9]/,
  )
  expect(text).not.toContain('route="/v1/models/one"')
})

test('every problem is reached by a test of the API', () => {
  const tests = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
    .join('\n')
  expect(Object.keys(problems).filter((code) => !tests.includes(`'${code}'`))).toEqual([])
})
