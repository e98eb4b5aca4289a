/** Arguments that say something about both ends of every axis of places. */
import { type TUnsafe, Type } from 'typebox'
import { maxLength } from '../../strict.ts'
import type { Rank } from '../spatial-arguments.ts'

/** Places at the beginning of an axis and at its end. */
type Ends = readonly [before: number, after: number]

/** One number for every end; or for each axis a number for both ends, or two. A single axis takes its two numbers as they are. */
export type Edges = number | readonly (number | readonly number[])[]

const places = { type: 'integer', minimum: 0, maximum: maxLength }
const pair = { type: 'array', items: places, minItems: 2, maxItems: 2 }

export function EdgesArgument(rank: Rank, fallback: Edges): TUnsafe<Edges> {
  const list = { type: 'array', items: { anyOf: [places, pair] }, minItems: rank, maxItems: rank }
  return Type.Unsafe<Edges>({ anyOf: [places, rank === 1 ? pair : list], default: fallback })
}

/** Both ends of every axis. */
export function endsOf(edges: Edges, rank: Rank): readonly Ends[] {
  if (typeof edges === 'number') return new Array<Ends>(rank).fill([edges, edges])
  if (rank === 1) return [edges as Ends] // the schema gives a single axis two numbers
  return edges.map((ends) => (typeof ends === 'number' ? [ends, ends] : (ends as Ends)))
}
