/** Creating requests with an Idempotency-Key: the first one does the work, the same again gets its answer. */

import { setTimeout as sleep } from 'node:timers/promises'
import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { Problem } from '../errors.ts'
import type { Database } from './database.ts'
import { idempotencyKeys } from './schema.ts'

export interface Idempotency {
  /**
   * Runs `create` once per route and key and keeps its answer (JSON) for a day. The same key and body again, also at
   * the same time, gets that answer; when `create` throws, nothing is kept.
   * @throws {Problem} idempotency_key_reused for the same key with another body
   */
  once<T>(key: string, route: string, bodyHash: string, create: () => Promise<T>): Promise<T>
}

const KEPT = sql`now() - interval '1 day'`
// A request that takes longer than this was lost with its process.
const LOST = sql`now() - interval '2 minutes'`
const WAIT_MS = 50

export function createIdempotency(db: Database): Idempotency {
  return {
    async once<T>(key: string, route: string, bodyHash: string, create: () => Promise<T>): Promise<T> {
      const place = and(eq(idempotencyKeys.route, route), eq(idempotencyKeys.key, key))
      for (;;) {
        await forget(db)
        const taken = await db
          .insert(idempotencyKeys)
          .values({ route, key, bodyHash })
          .onConflictDoNothing()
          .returning()
        if (taken.length > 0) break
        const [first] = await db.select().from(idempotencyKeys).where(place)
        if (first === undefined) continue
        if (first.bodyHash !== bodyHash) throw reused(key, route)
        if (first.answer !== null) return first.answer.value as T // what this very route answered before
        await sleep(WAIT_MS)
      }
      try {
        const answer = await create()
        await db
          .update(idempotencyKeys)
          .set({ answer: { value: answer } })
          .where(place)
        return answer
      } catch (error) {
        await db.delete(idempotencyKeys).where(place)
        throw error
      }
    },
  }
}

async function forget(db: Database): Promise<void> {
  const lost = and(isNull(idempotencyKeys.answer), lt(idempotencyKeys.createdAt, LOST))
  await db.delete(idempotencyKeys).where(or(lost, lt(idempotencyKeys.createdAt, KEPT)))
}

function reused(key: string, route: string): Problem {
  const detail = `Idempotency-Key ${JSON.stringify(key)} came to ${route} with another body before: use a new key`
  return new Problem('idempotency_key_reused', detail, {
    errors: [{ in: 'header', pointer: '/idempotency-key', detail }],
  })
}
