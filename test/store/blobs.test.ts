import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Blobs, openBlobs } from '../../src/store/blobs.ts'

let dataDir: string
let blobs: Blobs
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'fitserve-blobs-'))
  blobs = await openBlobs({ dataDir })
})
afterEach(() => rm(dataDir, { recursive: true }))

const bytes = (length: number, value: number) => new Uint8Array(length).fill(value)

test.each([0, 1, 4095, 70_000, 3_000_000])('%i bytes come back as they were put', async (length) => {
  const given = Uint8Array.from({ length }, (_, i) => i % 251)
  await blobs.put('datasets/a', given)
  expect(Buffer.compare(await blobs.get('datasets/a'), given)).toBe(0)
})

test('a part of a larger buffer is kept as that part', async () => {
  await blobs.put('a', bytes(100, 7).subarray(10, 20))
  expect(await blobs.get('a')).toEqual(bytes(10, 7))
})

test('a blob lies below DATA_DIR/blobs under its key, and nothing unfinished is left', async () => {
  await blobs.put('models/iris/1', bytes(3, 1))
  expect(await readFile(join(dataDir, 'blobs/models/iris/1'))).toHaveLength(3)
  expect(await readdir(join(dataDir, 'blobs/.unfinished'))).toEqual([])
})

test('readers during many writes see one whole blob or another, never half of one', async () => {
  const size = 1_000_000
  await blobs.put('hot', bytes(size, 0))
  let writing = true
  const writer = (async () => {
    for (let i = 1; i <= 40; i++) await blobs.put('hot', bytes(size, i))
    writing = false
  })()
  while (writing) {
    const seen = await blobs.get('hot')
    expect(seen).toHaveLength(size)
    expect(Buffer.compare(seen, bytes(size, seen[0] ?? -1))).toBe(0)
  }
  await writer
})

test('a put that fails leaves the blob of before, and nothing unfinished', async () => {
  await blobs.put('a', bytes(3, 1))
  // A file cannot become a folder.
  await expect(blobs.put('a/b', bytes(3, 2))).rejects.toThrow()
  expect(await blobs.get('a')).toEqual(bytes(3, 1))
  expect(await readdir(join(dataDir, 'blobs/.unfinished'))).toEqual([])
})

test('a missing blob does not exist, cannot be read, and may be deleted', async () => {
  expect(await blobs.exists('a')).toBe(false)
  await expect(blobs.get('a')).rejects.toThrow()
  await expect(blobs.delete('a')).resolves.toBeUndefined()
})

test('a deleted blob is gone', async () => {
  await blobs.put('a', bytes(3, 1))
  await blobs.delete('a')
  expect(await blobs.exists('a')).toBe(false)
})

test.each(['../out', 'a/../../out'])('a key that leads out of the folder (%s) is refused', async (key) => {
  await expect(blobs.put(key, bytes(1, 1))).rejects.toThrow()
})

test('what a crash left unfinished is cleared a day later, not before', async () => {
  const unfinished = join(dataDir, 'blobs/.unfinished')
  await writeFile(join(unfinished, 'old'), 'x')
  await writeFile(join(unfinished, 'new'), 'x')
  const twoDaysAgo = new Date(Date.now() - 48 * 3600 * 1000)
  await utimes(join(unfinished, 'old'), twoDaysAgo, twoDaysAgo)
  await openBlobs({ dataDir })
  expect(await readdir(unfinished)).toEqual(['new'])
})
