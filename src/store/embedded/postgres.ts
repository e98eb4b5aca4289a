/**
 * The embedded PostgreSQL of a data folder: started where none runs, shared where one does (another service, or one
 * whose parent was killed), stopped by the last one that leaves.
 */

import { mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { connectClient } from '../database.ts'
import type { Log } from '../log.ts'
import { findBinaries } from './binaries.ts'
import { type Cluster, openCluster } from './cluster.ts'
import { chooseLauncher } from './launcher.ts'
import { clearDeadPostmaster, findPostmaster, isPostgres, type Postmaster } from './postmaster.ts'
import { type StartOutcome, startServer } from './start.ts'

export interface EmbeddedPostgres {
  readonly url: string
  /** Leaves, and stops the server where nobody else uses it. */
  close(): Promise<void>
}

const DATABASE = 'fitserve'
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 20_000

// Whoever uses the server holds it shared; who gets it alone may stop the server.
const LEASE = 4_070_601
const CREATION = 4_070_602

/**
 * Opens the embedded PostgreSQL in `<dataDir>/postgres`.
 * @param settings of PostgreSQL for a server that has to be started
 * @throws {Error} with one line that says why it does not start
 */
export async function openEmbeddedPostgres(
  dataDir: string,
  log: Log,
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const binaries = await findBinaries()
  const launcher = await chooseLauncher(binaries.postgres, dataDir)
  const cluster = await openCluster(join(dataDir, 'postgres'), binaries, launcher)
  const start = () => startServer(cluster, binaries.postgres, launcher, settings)
  const { lease, server } = await joinServer(cluster, start)
  let leaving = false
  lease.on('error', (error) => {
    if (!leaving) log.error({ err: error }, 'the embedded PostgreSQL went away')
  })
  await createDatabase(lease)
  log.debug({ pid: server.pid, port: server.port }, 'the embedded PostgreSQL is ready')
  return {
    url: urlOf(cluster, server.port, DATABASE),
    close: () => {
      leaving = true
      return leave(lease, server, log)
    },
  }
}

interface Joined {
  readonly lease: pg.Client
  readonly server: Postmaster
}

/** Connects to the server of the cluster and takes a share of its lease; starts it where it does not run. */
async function joinServer(cluster: Cluster, start: () => Promise<StartOutcome>): Promise<Joined> {
  const deadline = Date.now() + START_LIMIT_MS
  while (Date.now() < deadline) {
    const server = await findPostmaster(cluster.path)
    if (server === null) {
      if ((await start()) !== 'refused') continue
      await clearDeadPostmaster(cluster.path)
      await sleep(20)
      continue
    }
    const lease = server.status === 'ready' ? await takeLease(cluster, server) : null
    if (lease !== null) return { lease, server }
    // It is just starting or stopping.
    await sleep(20)
  }
  throw new Error(`the embedded PostgreSQL in ${cluster.path} was not ready after ${START_LIMIT_MS / 1000} s`)
}

/** A connection with a share of the lease; null where the server is about to stop. */
async function takeLease(cluster: Cluster, server: Postmaster): Promise<pg.Client | null> {
  let client: pg.Client | null = null
  let lost = false
  try {
    client = await connectClient(urlOf(cluster, server.port, 'postgres'), 'fitserve lease', () => {
      lost = true
    })
    const { rows } = await client.query(
      `select current_setting('data_directory') as path, pg_try_advisory_lock_shared(${LEASE}) as taken`,
    )
    await checkPath(cluster, server, rows[0].path)
    if (rows[0].taken && !lost) return client
    await client.end()
    return null
  } catch (error) {
    await client?.end().catch(() => {})
    if (isGoingAway(error)) return null
    throw error
  }
}

/** PostgreSQL's codes for starting and stopping, and what Node says of a connection that ends. */
function isGoingAway(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : ''
  return /^(57P0[1-3]|ECONNREFUSED|ECONNRESET|EPIPE)$/.test(code) || message.includes('Connection terminated')
}

async function checkPath({ path }: Cluster, { pid }: Postmaster, served: string): Promise<void> {
  const [own, other] = [await realpath(path), await realpath(served).catch(() => served)]
  if (own === other) return
  throw new Error(
    `${path} names the PostgreSQL of process ${pid}, which serves ${served}: ` +
      'stop it where the folder was moved, or remove postmaster.pid where the folder is a copy',
  )
}

function urlOf({ user, password }: Cluster, port: number, database: string): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`
}

async function createDatabase(client: pg.Client): Promise<void> {
  // One process at a time, as the others must find it finished.
  await client.query(`select pg_advisory_lock(${CREATION})`)
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
  if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  await client.query(`select pg_advisory_unlock(${CREATION})`)
}

async function leave(lease: pg.Client, server: Postmaster, log: Log): Promise<void> {
  try {
    const { rows } = await lease.query(
      `select pg_advisory_unlock_shared(${LEASE}), pg_try_advisory_lock(${LEASE}) as alone`,
    )
    if (rows[0].alone) await stop(server, log)
    else log.info({ pid: server.pid }, 'the embedded PostgreSQL goes on: another process uses it')
  } catch (error) {
    if (!isGoingAway(error)) throw error
    log.warn({ err: error }, 'the embedded PostgreSQL was gone before the stop')
  }
  await lease.end().catch((error) => log.debug({ err: error }, 'the last connection ended with the server'))
}

/** PostgreSQL's fast shutdown: connections end, a checkpoint is written. */
async function stop({ pid }: Postmaster, log: Log): Promise<void> {
  process.kill(pid, 'SIGINT')
  const deadline = Date.now() + STOP_LIMIT_MS
  while ((await isPostgres(pid)) && Date.now() < deadline) await sleep(10)
  if (await isPostgres(pid)) log.error({ pid }, `the embedded PostgreSQL did not stop within ${STOP_LIMIT_MS / 1000} s`)
}
