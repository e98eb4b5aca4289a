/** Brings the tables up to date; any number of processes may do so at once. */

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { connectClient } from './database.ts'

const MIGRATION = 4_070_603

/**
 * Applies the migrations that the database does not have yet.
 * @throws {Error} with one line when the database cannot be reached
 */
export async function applyMigrations(url: string): Promise<void> {
  // A loss makes the query fail that comes next.
  const client = await connectClient(url, 'fitserve migrations', () => {}).catch((cause) => {
    throw new Error(unreachable(url, cause), { cause })
  })
  try {
    // Of the session: it ends with the connection, whatever happens.
    await client.query(`select pg_advisory_lock(${MIGRATION})`)
    await migrate(drizzle(client), { migrationsFolder: migrationsFolder() })
  } finally {
    await client.end()
  }
}

/** Names the place without the password. */
function unreachable(url: string, cause: unknown): string {
  const { host, pathname } = new URL(url)
  const reason = cause instanceof Error ? cause.message || ('code' in cause && String(cause.code)) : String(cause)
  return `PostgreSQL at ${host}${pathname} cannot be reached (${reason}): check DATABASE_URL`
}

/** In the package, beside the sources: compiled code lies deeper, below dist. */
function migrationsFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) {
    if (folder === dirname(folder)) throw new Error(`no package.json above ${import.meta.dirname}`)
    folder = dirname(folder)
  }
  return join(folder, 'src/store/migrations')
}
