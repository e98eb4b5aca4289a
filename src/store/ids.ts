/** Identifiers that sort by the time of their making: the ULID form, 48 bits of milliseconds and 80 of chance. */

import { randomBytes } from 'node:crypto'

// Crockford's alphabet: no I, L, O, U.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Kinds of things with an id: datasets and trainings. */
export type IdPrefix = 'ds' | 'tr'

let lastMs = 0
let lastChance = 0n

/**
 * A new id, as `ds_01JF…` (prefix and 26 letters and digits). Ids of one process sort in the order of their making,
 * also within one millisecond.
 * @see https://github.com/ulid/spec (monotonic)
 */
export function newId(prefix: IdPrefix): string {
  const nowMs = Math.max(Date.now(), lastMs)
  lastChance = nowMs === lastMs ? lastChance + 1n : BigInt(`0x${randomBytes(10).toString('hex')}`)
  lastMs = nowMs
  return `${prefix}_${encode(BigInt(nowMs), 10)}${encode(lastChance, 16)}`
}

function encode(value: bigint, length: number): string {
  let digits = ''
  for (let i = 0; i < length; i++) digits = ALPHABET.charAt(Number((value >> BigInt(5 * i)) & 31n)) + digits
  return digits
}
