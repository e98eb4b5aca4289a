/** What PostgreSQL's texts and JSON cannot hold becomes a problem of the request that brought it. */

import { Problem } from '../errors.ts'

// 22021: a NUL character in a text. 22P05 and 22P02: one in JSON, or half of a surrogate pair.
const REFUSALS = ['22021', '22P05', '22P02']

/**
 * Runs an insert of what a client sent.
 * @throws {Problem} invalid_request where the text in it cannot be kept
 */
export async function keep<T>(what: string, insert: () => Promise<T>): Promise<T> {
  try {
    return await insert()
  } catch (error) {
    // Drizzle puts PostgreSQL's error into the cause.
    const cause = error instanceof Error ? error.cause : null
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (!REFUSALS.includes(code)) throw error
    const detail = `${what} holds a text that cannot be kept, with a NUL character or half of a surrogate pair: remove it`
    throw new Problem('invalid_request', detail, { errors: [{ in: 'body', pointer: '', detail }], cause: error })
  }
}

/** Whether a text from a path may be looked up; PostgreSQL refuses a NUL character even in a comparison. */
export function isText(value: string): boolean {
  return !value.includes('\0')
}
