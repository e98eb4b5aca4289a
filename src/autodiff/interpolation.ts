/**
 * The weights of `Resize` along one axis, as a matrix [count, length] that turns the axis into the resized one.
 * @see https://onnx.ai/onnx/operators/onnx__Resize.html
 */
import type { AttributesOf } from '../onnx/ops.ts'

type ResizeAttributes = AttributesOf<'Resize'>

export interface Interpolation {
  readonly length: number
  readonly count: number
  /** Row-major [count, length]; each row sums to 1. */
  readonly weights: readonly number[]
}

/** Where an element of the resized axis lies on the original one. */
const coordinates: Readonly<Record<string, (at: number, length: number, count: number, factor: number) => number>> = {
  half_pixel: (at, _length, _count, factor) => (at + 0.5) / factor - 0.5,
  pytorch_half_pixel: (at, _length, count, factor) => (count > 1 ? (at + 0.5) / factor - 0.5 : 0),
  asymmetric: (at, _length, _count, factor) => at / factor,
  align_corners: (at, length, count) => (count > 1 ? (at * (length - 1)) / (count - 1) : 0),
}

const rounding: Readonly<Record<string, (at: number) => number>> = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
}

/** The weights of one axis. Throws where the mode is not nearest or linear. */
export function interpolationOf(
  length: number,
  count: number,
  factor: number,
  attributes: ResizeAttributes,
): Interpolation {
  const { mode = 'nearest', coordinate_transformation_mode: place = 'half_pixel' } = attributes
  const coordinate = coordinates[place]
  const round = rounding[attributes.nearest_mode ?? 'round_prefer_floor']
  if (!coordinate || !round || (mode !== 'nearest' && mode !== 'linear')) {
    throw new Error(`Resize has a gradient in modes nearest and linear, not in ${mode} with ${place}`)
  }
  const weights = new Array<number>(count * length).fill(0)
  const add = (row: number, at: number, weight: number) => {
    const index = row * length + Math.min(Math.max(at, 0), length - 1)
    weights[index] = (weights[index] as number) + weight
  }
  for (let row = 0; row < count; row++) {
    const at = coordinate(row, length, count, factor)
    if (mode === 'nearest') add(row, round(at), 1)
    else {
      const low = Math.floor(at)
      add(row, low, 1 - (at - low))
      add(row, low + 1, at - low)
    }
  }
  return { length, count, weights }
}

/** Whether each element is repeated the same whole number of times in a row. */
export function isRepetition({ length, count, weights }: Interpolation): boolean {
  const times = count / length
  return (
    Number.isInteger(times) &&
    Array.from({ length: count }, (_, row) => row).every((row) => weights[row * length + Math.floor(row / times)] === 1)
  )
}
