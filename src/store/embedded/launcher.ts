/**
 * How a PostgreSQL program is started: it refuses to run as root, so root starts it in a user namespace of its own
 * (where root is nobody, and still owns its folders), or as the user `postgres`.
 */

import { execFile, type SpawnOptions } from 'node:child_process'
import { chown, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Launcher {
  /** Words before the program. */
  readonly prefix: readonly string[]
  readonly options: Pick<SpawnOptions, 'uid' | 'gid'>
  /** Gives a folder to whoever the program runs as. */
  own(path: string): Promise<void>
}

const NOBODY = '65534'
const AS_NOBODY = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`]

/**
 * The first way that works to run `program` so that it accepts and may read `dataDir`.
 * @throws {Error} with one line that says what to do, when root finds no way
 */
export async function chooseLauncher(program: string, dataDir: string): Promise<Launcher> {
  if (process.getuid?.() !== 0) return { prefix: [], options: {}, own: async () => {} }
  const asNobody: Launcher = { prefix: AS_NOBODY, options: {}, own: async () => {} }
  if (await works(asNobody, program, dataDir)) return asNobody
  const user = await postgresUser()
  if (user !== null) {
    const asUser: Launcher = { prefix: [], options: user, own: (path) => chown(path, user.uid, user.gid) }
    if (await works(asUser, program, dataDir)) return asUser
  }
  throw new Error(
    'PostgreSQL does not run as root, and neither "unshare --user" nor a user postgres who may enter ' +
      `${dataDir} is there: start fitserve as another user, or set DATABASE_URL to a PostgreSQL`,
  )
}

/** What the programs see of the environment: nothing of ours changes what they do. */
export const PROGRAM_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }

/** The command and arguments that start a program this way. */
export function commandOf(launcher: Launcher, program: string, args: readonly string[]): [string, string[]] {
  const [command, ...rest] = [...launcher.prefix, program, ...args]
  return [command ?? program, rest]
}

async function works(launcher: Launcher, program: string, dataDir: string): Promise<boolean> {
  const tries: [string, string[]][] = [
    [program, ['--version']],
    ['/bin/sh', ['-c', 'cd "$0"', dataDir]],
  ]
  for (const [command, args] of tries) {
    const worked = await run(...commandOf(launcher, command, args), {
      ...launcher.options,
      env: PROGRAM_ENVIRONMENT,
    }).then(
      () => true,
      () => false,
    )
    if (!worked) return false
  }
  return true
}

/** Of /etc/passwd. */
async function postgresUser(): Promise<{ uid: number; gid: number } | null> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const fields = passwd
    .split('\n')
    .find((line) => line.startsWith('postgres:'))
    ?.split(':')
  return fields === undefined ? null : { uid: Number(fields[2]), gid: Number(fields[3]) }
}
