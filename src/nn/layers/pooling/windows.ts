/** What the pools share: their arguments, and where their windows lie. */
import type { Real } from '../../../onnx/value.ts'
import {
  DataFormatArgument,
  OptionalPerAxisArgument,
  PaddingArgument,
  type PaddingName,
  type PerAxis,
  PerAxisArgument,
  type Rank,
} from '../spatial-arguments.ts'
import { type WindowPlaces, windowsOver } from '../spatial-windows.ts'

/** Size, strides (null: the size, so that windows lie side by side) and padding of the windows. Keras' averages have no default size. */
export function poolArguments(rank: Rank, size?: number) {
  return {
    pool_size: PerAxisArgument(rank, size),
    strides: OptionalPerAxisArgument(rank, 1),
    padding: PaddingArgument('valid', 'same'),
    data_format: DataFormatArgument,
  }
}

interface PoolConfig {
  readonly pool_size: PerAxis
  readonly strides: PerAxis | null
  readonly padding: PaddingName
}

export function poolsOver(x: Real, rank: Rank, { pool_size, strides, padding }: PoolConfig): WindowPlaces {
  return windowsOver(x, rank, { size: pool_size, strides: strides ?? pool_size, padding })
}
