/**
 * Messages between processes by PostgreSQL's LISTEN and NOTIFY, on one connection of their own that comes back after
 * a loss.
 */

import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'

/** A training has new events. The payload is its id. */
export const EVENTS_CHANNEL = 'fitserve_training_events'
/** The cancel of a running training was asked for. The payload is its id. */
export const CANCELS_CHANNEL = 'fitserve_training_cancels'

/** Tells all listeners when the transaction commits. */
export async function notify(db: Pick<Database, 'execute'>, channel: string, trainingId: string): Promise<void> {
  await db.execute(sql`select pg_notify(${channel}, ${trainingId})`)
}
