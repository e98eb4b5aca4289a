/** The axes of places of a value, wherever its channels stand. */
import type { Builder } from '../../onnx/builder.ts'
import type { Index } from '../../onnx/value.ts'
import type { Rank } from './spatial-arguments.ts'

/** The first of them: behind the batch, and behind the channels where those come first. */
export function firstPlace(channelAxis: 1 | -1): 1 | 2 {
  return channelAxis === 1 ? 2 : 1
}

/** Those between batch and channels, or those behind both. */
export function placeAxes(op: Builder, rank: Rank, channelAxis: 1 | -1): Index {
  return op.ints(Array.from({ length: rank }, (_, axis) => firstPlace(channelAxis) + axis))
}
