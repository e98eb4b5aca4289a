import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStore } from '../../src/store/store.ts'
import { silent, testDatabase, testStore } from '../support/postgres.ts'
import { addModel } from '../support/rows.ts'

test('four processes that open an empty database at once do not trip over the migrations', async () => {
  const database = await testDatabase({ empty: true })
  const dataDir = await mkdtemp(join(tmpdir(), 'fitserve-data-'))
  const stores = await Promise.all(
    Array.from({ length: 4 }, () => openStore({ databaseUrl: database.url, dataDir }, silent)),
  )
  const [first] = stores
  const applied = await first?.database.pool.query('select hash from drizzle.__drizzle_migrations')
  expect(new Set(applied?.rows.map((row) => row.hash)).size).toBe(applied?.rowCount)
  for (const store of stores) await addModel(store)
  expect((await first?.models.list({ limit: 10 }))?.items).toHaveLength(4)
  for (const store of stores) await store.close()
  await database.close()
  await rm(dataDir, { recursive: true })
})

test('a store that is opened again finds what was kept', async () => {
  const store = await testStore()
  const name = await addModel(store)
  const again = await openStore(store.config, silent)
  expect(await again.models.get(name)).toMatchObject({ name })
  await again.close()
  await store.close()
})

test('a second close does nothing more', async () => {
  const store = await testStore()
  const again = await openStore(store.config, silent)
  await again.close()
  await expect(again.close()).resolves.toBeUndefined()
  await store.close()
})

test('a database that cannot be reached is one line with its place and without its password', async () => {
  const opening = openStore({ databaseUrl: 'postgres://me:secret@127.0.0.1:1/data', dataDir: tmpdir() }, silent)
  const error = await opening.catch((reason) => reason)
  expect(error.message).toMatch(/^PostgreSQL at 127\.0\.0\.1:1\/data cannot be reached \(.*\): check DATABASE_URL$/)
  expect(error.message).not.toContain('secret')
})
