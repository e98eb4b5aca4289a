import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FauxqsServer, startFauxqs } from 'fauxqs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { type Blobs, openBlobs } from '../../src/store/blobs.ts'

let server: FauxqsServer
let dataDir: string
let blobs: Blobs
const environment = () => ({
  DATA_DIR: dataDir,
  S3_BUCKET: 'models',
  S3_ENDPOINT: `http://127.0.0.1:${server.port}`,
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
  S3_FORCE_PATH_STYLE: 'true',
})

beforeAll(async () => {
  server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false, init: { buckets: ['models'] } })
  dataDir = await mkdtemp(join(tmpdir(), 'fitserve-s3-'))
  blobs = await openBlobs(loadConfig(environment()))
})
afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

test.each([0, 1, 70_000, 6_000_000])('%i bytes come back from the bucket as they were put', async (length) => {
  const given = Uint8Array.from({ length }, (_, i) => i % 251)
  await blobs.put('datasets/a', given)
  expect(Buffer.compare(await blobs.get('datasets/a'), given)).toBe(0)
})

test('nothing is written below DATA_DIR', async () => {
  await blobs.put('datasets/a', new Uint8Array([1]))
  expect(await readdir(dataDir)).toEqual([])
})

test('a second put takes the place of the first', async () => {
  await blobs.put('datasets/b', new Uint8Array([1, 1, 1]))
  await blobs.put('datasets/b', new Uint8Array([2]))
  expect([...(await blobs.get('datasets/b'))]).toEqual([2])
})

test('a missing blob does not exist, cannot be read, and may be deleted', async () => {
  expect(await blobs.exists('nothing')).toBe(false)
  await expect(blobs.get('nothing')).rejects.toThrow()
  await expect(blobs.delete('nothing')).resolves.toBeUndefined()
})

test('a deleted blob is gone', async () => {
  await blobs.put('datasets/c', new Uint8Array([1]))
  await blobs.delete('datasets/c')
  expect(await blobs.exists('datasets/c')).toBe(false)
})

test('a bucket that is not there is an error of the put', async () => {
  const lost = await openBlobs(loadConfig({ ...environment(), S3_BUCKET: 'nowhere' }))
  await expect(lost.put('a', new Uint8Array([1]))).rejects.toThrow()
})
