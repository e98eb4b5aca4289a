/**
 * The file `postmaster.pid` in which a PostgreSQL server tells who and where it is.
 * @see https://www.postgresql.org/docs/18/storage-file-layout.html, and pidfile.h of its sources for the lines
 */

import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly status: 'starting' | 'stopping' | 'ready' | 'standby' | 'unknown'
}

const STATUSES = ['starting', 'stopping', 'ready', 'standby'] as const

/** The server of a cluster that lives; null when none does. */
export async function findPostmaster(cluster: string): Promise<Postmaster | null> {
  const path = join(cluster, 'postmaster.pid')
  const content = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (content === null) return null
  // pid, data folder, start time, port, socket folder, listen address, shared memory, status
  const lines = content.split('\n').map((line) => line.trim())
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 0 || !(await isPostgres(pid))) return null
  const status = STATUSES.find((known) => known === lines[7]) ?? 'unknown'
  return { pid, port: Number(lines[3]), status }
}

// A server that starts writes its file within milliseconds of making it.
const SURELY_DEAD_MS = 3000

/**
 * Removes the file of a server that is gone. PostgreSQL does so itself, but not where its number now belongs to another
 * program, as happens in a container that starts anew; so this is for after it refused to start. A young file stays: it
 * may be that of a server which another process is just starting.
 */
export async function clearDeadPostmaster(cluster: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid')
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
  if (Date.now() - mtimeMs < SURELY_DEAD_MS) return
  if ((await findPostmaster(cluster)) === null) await rm(path, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // Someone else's process lives too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Whether a process lives and, where that can be told, is a PostgreSQL. */
export async function isPostgres(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false
  if (process.platform !== 'linux') return true
  // Empty for one that has ended and that nobody has asked for its end yet.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return command.includes('postgres')
}
