/** Starts the server of a cluster and finds out how that went. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, stat, truncate } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { commandOf, type Launcher, PROGRAM_ENVIRONMENT } from './launcher.ts'
import { findPostmaster } from './postmaster.ts'

const LOG_LIMIT_BYTES = 2 ** 20

/** What became of a start: `refused` where another server has the cluster, `collided` where the port was taken. */
export type StartOutcome = 'ready' | 'refused' | 'collided'

/**
 * Starts `postgres` on a free port of 127.0.0.1, apart from this process's terminal (Ctrl-C must not reach it), with
 * its output in the cluster's log.
 * @param settings of PostgreSQL, beside those that must be
 * @throws {Error} with the reason that PostgreSQL gave
 */
export async function startServer(
  cluster: Cluster,
  program: string,
  launcher: Launcher,
  settings: Readonly<Record<string, string>>,
): Promise<StartOutcome> {
  const before = await logLength(cluster.logPath)
  const log = await open(cluster.logPath, 'a', 0o600)
  try {
    const all = { ...(await ownSettings()), ...settings }
    const args = ['-D', cluster.path, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
    const server = spawn(...commandOf(launcher, program, args), {
      ...launcher.options,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: PROGRAM_ENVIRONMENT,
      cwd: '/',
    })
    let over = false
    for (const event of ['exit', 'error']) server.once(event, () => (over = true))
    server.unref()
    while (!over) {
      const found = await findPostmaster(cluster.path)
      if (found?.pid === server.pid && found?.status === 'ready') return 'ready'
      await sleep(15)
    }
  } finally {
    await log.close()
  }
  return explain(cluster, before)
}

async function ownSettings(): Promise<Record<string, string>> {
  return {
    port: String(await freePort()),
    listen_addresses: '127.0.0.1',
    // A path below DATA_DIR may be longer than a socket's name can be, and other file systems know no sockets.
    unix_socket_directories: '',
    // The log is for why it would not start; errors of statements reach whoever sent them.
    log_min_messages: 'fatal',
    log_checkpoints: 'off',
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1')
  return address.port
}

/** The length of the log before a start; a long one begins anew. */
async function logLength(path: string): Promise<number> {
  const { size } = await stat(path).catch(() => ({ size: 0 }))
  if (size <= LOG_LIMIT_BYTES) return size
  await truncate(path)
  return 0
}

async function explain({ logPath, path }: Cluster, before: number): Promise<StartOutcome> {
  const said = (await readFile(logPath)).subarray(before).toString().trim()
  if (/lock file ".*" (already exists|is empty)|pre-existing shared memory block/.test(said)) return 'refused'
  if (said.includes('could not create any TCP/IP sockets')) return 'collided'
  const reason = said.split('\n').findLast((line) => /FATAL|error while loading|not found/.test(line)) ?? said
  throw new Error(`the embedded PostgreSQL in ${path} did not start: ${reason || 'it gave no reason'} (${logPath})`)
}
