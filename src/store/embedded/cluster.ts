/** The data folder of the embedded PostgreSQL: made whole by initdb, or not there. */

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Binaries } from './binaries.ts'
import { commandOf, type Launcher, PROGRAM_ENVIRONMENT } from './launcher.ts'

const run = promisify(execFile)

export interface Cluster {
  /** The data folder in PostgreSQL's sense. */
  readonly path: string
  readonly user: string
  readonly password: string
  readonly logPath: string
}

const USER = 'fitserve'

/**
 * Opens the cluster in `folder`, and makes it first where there is none. Two processes may do so at once: each makes
 * its own beside it, and the first rename wins.
 * @throws {Error} with initdb's reason
 */
export async function openCluster(folder: string, binaries: Binaries, launcher: Launcher): Promise<Cluster> {
  const path = join(folder, 'cluster')
  if (!existsSync(join(path, 'PG_VERSION'))) await makeCluster(folder, binaries, launcher)
  return {
    path,
    user: USER,
    password: (await readFile(join(folder, 'password'), 'utf8')).trim(),
    logPath: join(folder, 'server.log'),
  }
}

async function makeCluster(folder: string, { initdb }: Binaries, launcher: Launcher): Promise<void> {
  const unfinished = await mkdtemp(`${folder}.unfinished-`)
  try {
    const passwordPath = join(unfinished, 'password')
    await writeFile(passwordPath, randomBytes(24).toString('base64url'), { mode: 0o600 })
    await launcher.own(unfinished)
    await launcher.own(passwordPath)
    await runInitdb(initdb, launcher, join(unfinished, 'cluster'), passwordPath)
    await rename(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another process was first.
    if (existsSync(join(folder, 'cluster', 'PG_VERSION'))) return
    if (!existsSync(folder)) throw error
    throw new Error(`${folder} is not empty and holds no cluster of PostgreSQL: move it away, or set DATA_DIR`, {
      cause: error,
    })
  }
}

async function runInitdb(initdb: string, launcher: Launcher, path: string, passwordPath: string): Promise<void> {
  const args = [
    `--pgdata=${path}`,
    `--username=${USER}`,
    `--pwfile=${passwordPath}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
  ]
  try {
    await run(...commandOf(launcher, initdb, args), { ...launcher.options, env: PROGRAM_ENVIRONMENT, cwd: '/' })
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : ''
    const reason = said.split('\n').find((line) => /error|fatal|could not|cannot/i.test(line)) ?? String(cause)
    throw new Error(`the embedded PostgreSQL could not be set up in ${path}: ${reason.trim()}`, { cause })
  }
}
