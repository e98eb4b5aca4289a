/** The pool of PostgreSQL connections and Drizzle on top of it. */

import type { ExtractTablesWithRelations } from 'drizzle-orm'
import { drizzle, type NodePgDatabase, type NodePgTransaction } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import type { Log } from './log.ts'

type NoRelations = Record<string, never>
export type Database = NodePgDatabase<NoRelations>
export type Transaction = NodePgTransaction<NoRelations, ExtractTablesWithRelations<NoRelations>>

/** Of PostgreSQL's `integer`; it refuses a larger one even in a comparison. */
export const LARGEST_INTEGER = 2 ** 31 - 1

/**
 * A pool on `url`. A connection that breaks while idle (the server goes: 57P01) is logged and replaced at the next
 * query; it never ends the process.
 */
export function openPool(url: string, log: Log): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, max: 10, application_name: 'fitserve' })
  pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle connection to PostgreSQL broke'))
  // A connection that breaks inside a transaction: the query that waits is rejected, but without a listener pg ends the process.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ reason: error.message }, 'a connection to PostgreSQL broke'))
  })
  return pool
}

export function databaseOn(pool: pg.Pool): Database {
  return drizzle(pool)
}

/**
 * One connection of its own. When it breaks while no query waits for it, `onLoss` hears of it: without a listener that
 * would end the process. A query that waits is rejected besides.
 */
export async function connectClient(url: string, name: string, onLoss: (error: Error) => void): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name, keepAlive: true })
  client.on('error', onLoss)
  await client.connect()
  return client
}
