/** AdaptiveAveragePooling1D to 3D, AdaptiveMaxPooling1D to 3D: as many windows as are asked for, whatever the input's length. */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import { tensorOf } from '../../../onnx/tensor.ts'
import type { Real } from '../../../onnx/value.ts'
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { DataFormatArgument, type PerAxis, perAxis, placesMisfit, type Rank } from '../spatial-arguments.ts'

/** Window i of `count` over an axis: from ⌊i·length / count⌋ up to ⌈(i + 1)·length / count⌉, the end left out. */
function windowsOf(length: number, count: number): readonly (readonly [from: number, to: number])[] {
  return Array.from({ length: count }, (_, i) => [
    Math.floor((i * length) / count),
    Math.ceil(((i + 1) * length) / count),
  ])
}

/** What is done along the axis `at` of [batch, channels, …places]: windows overlap, and a box of windows is taken axis by axis. */
type AlongAxis = (op: Builder, x: Real, at: number, count: number) => Real

/** A product with the matrix [length, count] of what each place gives to each mean. */
const means: AlongAxis = (op, x, at, count) => {
  const length = Number(x.shape[at])
  const windows = windowsOf(length, count)
  const shares = Array.from({ length }, (_, place) =>
    windows.map(([from, to]) => (place >= from && place < to ? 1 / (to - from) : 0)),
  ).flat()
  const matrix = op.constant(tensorOf(x.type, shares, [length, count]))
  const last = x.shape.length - 1
  if (at === last) return op.MatMul(x, matrix)
  const perm = x.shape.map((_, axis) => (axis === at ? last : axis === last ? at : axis))
  return op.Transpose(op.MatMul(op.Transpose(x, { perm }), matrix), { perm })
}

/** The places of all windows side by side, shorter windows with their last place once more, and the largest of each. */
const maxima: AlongAxis = (op, x, at, count) => {
  const windows = windowsOf(Number(x.shape[at]), count)
  const widest = Math.max(...windows.map(([from, to]) => to - from))
  const places = windows.flatMap(([from, to]) =>
    Array.from({ length: widest }, (_, i) => BigInt(Math.min(from + i, to - 1))),
  )
  const indices = op.constant({ type: 'int64', dims: [count, widest], data: BigInt64Array.from(places) })
  return op.ReduceMax(op.Gather(x, indices, { axis: at }), op.ints([at + 1]), { keepdims: 0 })
}

/** Windows of every axis: Keras wants two or three numbers where there are as many axes, or one for all. */
function OutputSizeArgument(rank: Rank): TUnsafe<PerAxis> {
  const list = { type: 'array', items: PositiveInteger, minItems: rank, maxItems: rank }
  return Type.Unsafe<PerAxis>({
    anyOf: [PositiveInteger, list],
    description: 'How many windows each axis of places has',
  })
}

/**
 * The mean or the largest value of each channel in every window, where the windows of an axis lie evenly over it.
 * Shapes: [batch, …places, channels] → [batch, …output_size, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/pooling_layers/
 */
function defineAdaptivePooling(type: string, rank: Rank, along: AlongAxis, about: string) {
  return defineLayer({
    config: layerConfig(type, { output_size: OutputSizeArgument(rank), data_format: DataFormatArgument }, about),
    misfit: (config, inputShape) => placesMisfit(rank, config, inputShape),
    keepsValues: true,
    layout: 'channels_first',
    call: (op, x, _weights, { output_size }) =>
      perAxis(output_size, rank).reduce((y, count, axis) => along(op, y, axis + 2, count), x),
  })
}

const average = (rank: Rank) =>
  defineAdaptivePooling(`AdaptiveAveragePooling${rank}D`, rank, means, 'The mean of each of so many windows')
const max = (rank: Rank) =>
  defineAdaptivePooling(`AdaptiveMaxPooling${rank}D`, rank, maxima, 'The largest value of each of so many windows')

export const AdaptiveAveragePooling1D = average(1)
export const AdaptiveAveragePooling2D = average(2)
export const AdaptiveAveragePooling3D = average(3)
export const AdaptiveMaxPooling1D = max(1)
export const AdaptiveMaxPooling2D = max(2)
export const AdaptiveMaxPooling3D = max(3)
