/** A real PostgreSQL for tests: one embedded server per run, shared by its processes; a fresh database per store. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { inject } from 'vitest'
import { connectClient } from '../../src/store/database.ts'
import { openEmbeddedPostgres } from '../../src/store/embedded/postgres.ts'
import type { Log } from '../../src/store/log.ts'
import { applyMigrations } from '../../src/store/migrate.ts'
import { openStore, type Store, type StoreConfig } from '../../src/store/store.ts'

const TEMPLATE = 'fitserve_template'
const TEMPLATE_LOCK = 4_070_699
// Nothing of a test outlives it, so nothing has to reach the disk.
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' }

/** A logger that says nothing. */
export const silent: Log = { debug() {}, info() {}, warn() {}, error() {} }

export interface TestDatabase {
  readonly url: string
  close(): Promise<void>
}

/** A fresh database, with the tables unless `empty`. */
export async function testDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const server = await openEmbeddedPostgres(inject('postgresFolder'), silent, FAST)
  const name = `test_${process.pid}_${Date.now()}_${Math.floor(Math.random() * 1e6)}`
  await run(server.url, async (client) => {
    if (!empty) await makeTemplate(client, server.url)
    await client.query(`create database ${name} ${empty ? '' : `template ${TEMPLATE}`}`)
  })
  return {
    url: databaseUrl(server.url, name),
    async close() {
      await run(server.url, (client) => client.query(`drop database ${name} with (force)`))
      await server.close()
    },
  }
}

/** An open store on a fresh database, with a temporary DATA_DIR; `config` is what opened it. */
export async function testStore(): Promise<Store & { config: StoreConfig & { databaseUrl: string } }> {
  const database = await testDatabase()
  const dataDir = await mkdtemp(join(tmpdir(), 'fitserve-data-'))
  const config = { databaseUrl: database.url, dataDir }
  const store = await openStore(config, silent)
  return {
    ...store,
    config,
    async close() {
      await store.close()
      await database.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Stops the server of a run where it still runs, as after a test that was ended without a close. */
export async function stopTestPostgres(folder: string): Promise<void> {
  if (!existsSync(join(folder, 'postgres/cluster/postmaster.pid'))) return
  const server = await openEmbeddedPostgres(folder, silent, FAST)
  await server.close()
}

async function makeTemplate(client: pg.Client, url: string): Promise<void> {
  // One process at a time; the others find it made.
  await client.query(`select pg_advisory_lock(${TEMPLATE_LOCK})`)
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [TEMPLATE])
  if (rowCount === 0) {
    await client.query(`create database ${TEMPLATE}_new`)
    await applyMigrations(databaseUrl(url, `${TEMPLATE}_new`))
    await client.query(`alter database ${TEMPLATE}_new rename to ${TEMPLATE}`)
  }
  await client.query(`select pg_advisory_unlock(${TEMPLATE_LOCK})`)
}

async function run<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectClient(url, 'fitserve tests', () => {})
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function databaseUrl(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
