/** The axes of places of a value, wherever its channels stand. */
import type { Builder } from '../../onnx/builder.ts'
import type { Index } from '../../onnx/value.ts'
import type { Rank } from './spatial-arguments.ts'

/** Those between batch and channels, or those behind both. */
export function placeAxes(op: Builder, rank: Rank, channelAxis: 1 | -1): Index {
  const first = channelAxis === 1 ? 2 : 1
  return op.ints(Array.from({ length: rank }, (_, axis) => first + axis))
}
