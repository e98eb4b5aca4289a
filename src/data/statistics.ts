/** Statistics of columns, in the spelling of the wire. */
import { elementCount } from '../onnx/tensor.ts'
import { type Column, type ColumnType, findColumn, type Table, type TensorColumn } from './table.ts'

export interface Histogram {
  /** One more than counts; a value on an inner edge belongs to the bin above it, the maximum to the last. */
  readonly edges: readonly number[]
  readonly counts: readonly number[]
}

export interface CategoryCount {
  readonly value: string | boolean
  readonly count: number
}

/** `count` counts the cells that are there. Fields that a type does not have, or that no cell gives, are null. */
export interface ColumnStatistics {
  readonly name: string
  readonly type: ColumnType
  readonly count: number
  readonly missing: number
  readonly mean: number | null
  readonly std: number | null
  readonly min: number | null
  readonly quartiles: readonly [number, number, number] | null
  readonly max: number | null
  readonly histogram: Histogram | null
  readonly categories: readonly CategoryCount[] | null
  readonly category_count: number | null
  /** Of one cell, for tensors; their numbers are taken all together. */
  readonly shape: readonly number[] | null
}

const BINS = 20

/** The most frequent categories are listed, up to so many. */
const LISTED = 100

/**
 * Statistics of every column, or of one. Standard deviation of the population (divides by n, as `standardize` does);
 * quartiles by linear interpolation (type 7 of Hyndman & Fan 1996, NumPy's default).
 */
export function statistics(table: Table, column?: string): ColumnStatistics[] {
  const chosen = column === undefined ? table.columns : [findColumn(table, column)]
  return chosen.flatMap((one) => (one === null ? [] : [columnStatistics(one)]))
}

const nothing = {
  mean: null,
  std: null,
  min: null,
  quartiles: null,
  max: null,
  histogram: null,
  categories: null,
  category_count: null,
  shape: null,
}

function columnStatistics(column: Column): ColumnStatistics {
  if (column.type === 'number') return numberStatistics(column.name, column.values)
  if (column.type === 'tensor') return tensorStatistics(column)
  const cells = column.type === 'category' ? column.codes : column.values
  const values: readonly (string | boolean)[] = column.type === 'category' ? column.categories : [false, true]
  const counts = new Float64Array(values.length)
  let missing = 0
  for (const code of cells) {
    if (code < 0) missing++
    else counts[code] = (counts[code] as number) + 1
  }
  const categories = values
    .map((value, code): CategoryCount => ({ value, count: counts[code] as number }))
    .sort((a, b) => b.count - a.count) // stable: equal counts stay in the order of the categories
    .slice(0, LISTED)
  const { name, type } = column
  return { name, type, count: cells.length - missing, missing, ...nothing, categories, category_count: values.length }
}

function numberStatistics(name: string, values: Float64Array): ColumnStatistics {
  const present = values.filter((value) => !Number.isNaN(value)).sort()
  const count = present.length
  const base = { name, type: 'number', count, missing: values.length - count } as const
  if (count === 0) return { ...base, ...nothing }
  const { mean, std } = moments(present)
  const min = present[0] as number
  const max = present[count - 1] as number
  const quartiles = [quantile(present, 0.25), quantile(present, 0.5), quantile(present, 0.75)] as const
  return { ...base, ...nothing, mean, std, min, quartiles, max, histogram: histogram(present, min, max) }
}

function tensorStatistics({ name, type, shape, values }: TensorColumn): ColumnStatistics {
  const count = values.length / elementCount(shape)
  const base = { name, type, count, missing: 0, ...nothing, shape }
  return values.length === 0 ? base : { ...base, ...moments(values), ...rangeOf(values) }
}

/** The smallest and the largest value. */
export function rangeOf(values: ArrayLike<number>): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

/** Mean and population standard deviation, in two passes; NaN for no values. */
export function moments(values: Float64Array | Float32Array | Uint8Array): { mean: number; std: number } {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean, std: Math.sqrt(squares / values.length) }
}

/** The q-quantile of sorted values, interpolated linearly between the two nearest ranks. */
export function quantile(sorted: Float64Array, q: number): number {
  const rank = q * (sorted.length - 1)
  const below = sorted[Math.floor(rank)] as number
  const above = sorted[Math.ceil(rank)] as number
  return below + (above - below) * (rank - Math.floor(rank))
}

function histogram(sorted: Float64Array, min: number, max: number): Histogram {
  if (min === max) return { edges: [min, max], counts: [sorted.length] }
  const edges = Array.from({ length: BINS + 1 }, (_, i) => (i === BINS ? max : min + ((max - min) * i) / BINS))
  const counts = new Array<number>(BINS).fill(0)
  let bin = 0
  for (const value of sorted) {
    while (bin < BINS - 1 && value >= (edges[bin + 1] as number)) bin++
    counts[bin] = (counts[bin] as number) + 1
  }
  return { edges, counts }
}
