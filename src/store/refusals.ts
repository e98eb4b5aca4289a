/** Texts that cannot be kept become a problem of the request that brought them. */

import { Problem } from '../errors.ts'

/** A NUL character, which PostgreSQL's texts cannot hold, or half of a surrogate pair, which UTF-8 cannot. */
const UNKEEPABLE = /\0|\p{Surrogate}/u

/**
 * Gives the row to insert, of what a client sent.
 * @throws {Problem} invalid_request where a text in it, or in its JSON, cannot be kept
 */
export function keepable<T extends object>(what: string, row: T): T {
  JSON.stringify(row, (key, value: unknown) => {
    if (UNKEEPABLE.test(key) || (typeof value === 'string' && UNKEEPABLE.test(value))) refuse(what)
    return value
  })
  return row
}

function refuse(what: string): never {
  const detail = `${what} holds a text that cannot be kept, with a NUL character or half of a surrogate pair: remove it`
  throw new Problem('invalid_request', detail, { errors: [{ in: 'body', pointer: '', detail }] })
}

/** Whether a text from a path may be looked up; PostgreSQL refuses a NUL character even in a comparison. */
export function isText(value: string): boolean {
  return !value.includes('\0')
}
