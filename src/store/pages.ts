/** Pages of a list: keyset cursors, so that a page neither repeats nor skips rows while others are added. */

import { Problem } from '../errors.ts'
import { isText } from './refusals.ts'

export interface PageRequest {
  /** Rows on the page, at least 1. */
  readonly limit: number
  /** `nextCursor` of the page before; absent or null for the first one. */
  readonly cursor?: string | null | undefined
}

export interface Page<Row> {
  readonly items: Row[]
  /** null on the last page. */
  readonly nextCursor: string | null
}

/**
 * The sort key after which the page begins, or null for the first page.
 * @throws {Problem} invalid_request when the cursor is none of ours
 */
export function keyOfCursor(list: string, cursor: string | null | undefined): string | null {
  if (cursor === null || cursor === undefined) return null
  const [name, key] = Buffer.from(cursor, 'base64url').toString().split('\n', 2)
  if (name === list && key && isText(key)) return key
  const detail = `cursor: expected next_cursor of an earlier page of ${list}, received ${JSON.stringify(cursor)}`
  throw new Problem('invalid_request', detail, { errors: [{ in: 'query', pointer: '/cursor', detail }] })
}

/** A page from `limit + 1` rows: the row too many only tells that there are more. */
export function pageOf<Row>(list: string, rows: readonly Row[], limit: number, keyOf: (row: Row) => string): Page<Row> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items, nextCursor: more ? Buffer.from(`${list}\n${keyOf(last)}`).toString('base64url') : null }
}
