/**
 * Messages between processes by PostgreSQL's LISTEN and NOTIFY, on one connection of their own that comes back after
 * a loss.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { and, eq, gt, sql } from 'drizzle-orm'
import type pg from 'pg'
import { connectClient, type Database } from './database.ts'
import type { Log } from './log.ts'
import { trainings } from './schema.ts'

/** A training has new events. The payload is its id. */
export const EVENTS_CHANNEL = 'fitserve_training_events'
/** The cancel of a running training was asked for. The payload is its id. */
export const CANCELS_CHANNEL = 'fitserve_training_cancels'

type Channel = typeof EVENTS_CHANNEL | typeof CANCELS_CHANNEL
type Listener = (trainingId: string) => void

/** Tells all listeners when the transaction commits. */
export async function notify(db: Pick<Database, 'execute'>, channel: Channel, trainingId: string): Promise<void> {
  await db.execute(sql`select pg_notify(${channel}, ${trainingId})`)
}

/** Subscriptions. Each call gives a function that ends it. */
export interface TrainingNotifications {
  /** Calls the listener when there are new events of a training; also for those missed while the connection was lost. */
  onEvent(listener: Listener): Promise<() => Promise<void>>
  /** Calls the listener when a cancel of a running training was asked for; missed ones as above. */
  onCancel(listener: Listener): Promise<() => Promise<void>>
}

export interface Subscriptions extends TrainingNotifications {
  close(): Promise<void>
}

const RETRY_MS = 500
// Clocks and commits take a moment: what was written this long before the loss counts as missed.
const OVERLAP_MS = 5000

export function createSubscriptions(url: string, db: Database, log: Log): Subscriptions {
  const listeners: Record<Channel, Set<Listener>> = { [EVENTS_CHANNEL]: new Set(), [CANCELS_CHANNEL]: new Set() }
  let client: Promise<pg.Client> | null = null
  let closed = false

  const tell = (channel: string, id: string) => {
    if (channel !== EVENTS_CHANNEL && channel !== CANCELS_CHANNEL) return
    for (const listener of [...listeners[channel]]) listener(id)
  }
  const connect = async () => {
    const fresh = await connectClient(url, 'fitserve listener', (error) =>
      log.warn({ err: error }, 'the connection that listens to PostgreSQL broke'),
    )
    fresh.on('notification', ({ channel, payload }) => tell(channel, payload ?? ''))
    for (const channel of Object.keys(listeners)) await fresh.query(`listen ${channel}`)
    fresh.once('end', () => {
      if (!closed) client = reconnect(new Date())
    })
    return fresh
  }
  const reconnect = async (lostAt: Date): Promise<pg.Client> => {
    for (;;) {
      await sleep(RETRY_MS)
      if (closed) throw new Error('the store is closed')
      try {
        const fresh = await connect()
        for (const { channel, id } of await missed(db, lostAt)) tell(channel, id)
        return fresh
      } catch (error) {
        log.debug({ err: error }, 'PostgreSQL cannot be listened to yet')
      }
    }
  }
  const subscribe = (channel: Channel) => async (listener: Listener) => {
    if (closed) throw new Error('the store is closed')
    client ??= connect()
    await client.catch((error) => {
      // The next subscription tries again.
      client = null
      throw error
    })
    listeners[channel].add(listener)
    return async () => {
      listeners[channel].delete(listener)
    }
  }

  return {
    onEvent: subscribe(EVENTS_CHANNEL),
    onCancel: subscribe(CANCELS_CHANNEL),
    async close() {
      closed = true
      const last = await client?.catch(() => null)
      await last?.end()
    },
  }
}

async function missed(db: Database, lostAt: Date): Promise<{ channel: Channel; id: string }[]> {
  const since = new Date(lostAt.getTime() - OVERLAP_MS)
  const changed = await db.select({ id: trainings.id }).from(trainings).where(gt(trainings.updatedAt, since))
  const cancelled = await db
    .select({ id: trainings.id })
    .from(trainings)
    .where(and(eq(trainings.cancelRequested, true), eq(trainings.status, 'running')))
  return [
    ...changed.map(({ id }) => ({ channel: EVENTS_CHANNEL, id }) as const),
    ...cancelled.map(({ id }) => ({ channel: CANCELS_CHANNEL, id }) as const),
  ]
}
