/** Arguments of layers whose windows slide over places: one number for all axes, or one for each. */
import { type TUnsafe, Type } from 'typebox'
import { PositiveInteger } from '../strict.ts'

/** How many axes of places a layer has: steps, rows and columns, or a volume. */
export type Rank = 1 | 2 | 3

/** One number for every axis of places, or one each. */
export type PerAxis = number | readonly number[]

/** The axes of places by their names. */
const placeNames: Readonly<Record<Rank, string>> = { 1: 'steps', 2: 'height, width', 3: 'depth, height, width' }

/** `value` for each axis, as Keras writes its defaults: a number where there is one axis. */
export function everyAxis(rank: Rank, value: number): PerAxis {
  return rank === 1 ? value : new Array<number>(rank).fill(value)
}

/** The numbers of every axis. */
export function perAxis(given: PerAxis, rank: Rank): readonly number[] {
  return typeof given === 'number' ? new Array<number>(rank).fill(given) : given
}

function numberOrList(rank: Rank, item: object): object[] {
  return [item, { type: 'array', items: item, minItems: rank, maxItems: rank }]
}

/** Lengths or steps of at least 1. Without a fallback they have to be given. */
export function PerAxisArgument(rank: Rank, fallback?: number): TUnsafe<PerAxis> {
  return Type.Unsafe<PerAxis>({
    anyOf: numberOrList(rank, PositiveInteger),
    ...(fallback === undefined ? {} : { default: everyAxis(rank, fallback) }),
  })
}

/** As `PerAxisArgument`, where null (the default) says that the layer decides. */
export function OptionalPerAxisArgument(rank: Rank, minimum: 0 | 1): TUnsafe<PerAxis | null> {
  const item = { ...PositiveInteger, minimum }
  return Type.Unsafe<PerAxis | null>({ anyOf: [...numberOrList(rank, item), { type: 'null' }], default: null })
}

/** Whether windows may lie over the edges. */
export type PaddingName = 'valid' | 'same' | 'causal'

/** `valid`: windows lie inside; `same`: as many as places (divided by the stride); `causal`: none sees what comes later. */
export function PaddingArgument<const P extends PaddingName>(...names: readonly P[]): TUnsafe<P> {
  return Type.Unsafe<P>({ enum: names, default: 'valid' })
}

/** Where the channels stand in a definition's shapes; null is last. Inside, convolutions run channels first in any case. */
type DataFormat = 'channels_last' | 'channels_first' | null

export const DataFormatArgument = Type.Unsafe<DataFormat>({
  enum: ['channels_last', 'channels_first', null],
  default: null,
  description: 'Where the channels of a sample stand: behind its places (null too) or before them',
})

/** An argument of a layer over places. */
export interface WithDataFormat {
  readonly data_format: DataFormat
}

const isFirst = ({ data_format }: WithDataFormat) => data_format === 'channels_first'

/** How many channels a sample has. */
export function channelsOf(config: WithDataFormat, inputShape: readonly number[]): number {
  return (isFirst(config) ? inputShape[0] : inputShape.at(-1)) ?? 1
}

/** The lengths of a sample without its channels. */
export function placesOf(config: WithDataFormat, inputShape: readonly number[]): readonly number[] {
  return isFirst(config) ? inputShape.slice(1) : inputShape.slice(0, -1)
}

/** What does not fit about the shape of a sample for a layer over places, or null. */
export function placesMisfit(rank: Rank, config: WithDataFormat, inputShape: readonly number[]): string | null {
  if (inputShape.length === rank + 1) return null
  const places = placeNames[rank]
  return `samples of ${isFirst(config) ? `[channels, ${places}]` : `[${places}, channels]`}`
}
