/** A column of nested lists of numbers: cells of one shape, or sequences that are filled up with zeros at their end. */
import { bodyProblem, type Problem, type Warning } from '../../errors.ts'
import { elementCount } from '../../onnx/tensor.ts'
import { nestedShape, writeNested } from '../nested.ts'
import { pointer } from '../pointer.ts'
import type { TensorColumn } from '../table.ts'
import type { CellPlace } from './build-table.ts'

/** The cells of one column. */
export interface CellSource {
  readonly rowCount: number
  cell(row: number): unknown
  place(row: number): CellPlace
}

/** A column is kept in memory whole: so many numbers, 2 GiB of float32. */
const MOST_NUMBERS = 2 ** 29

/** The largest whole number that a byte holds. */
const LARGEST_BYTE = 255

/** Whether the first cell that is there is a list, so that all have to be lists. */
export function holdsTensors({ rowCount, cell }: CellSource): boolean {
  for (let row = 0; row < rowCount; row++) {
    const value = cell(row)
    if (value !== null && value !== undefined) return Array.isArray(value)
  }
  return false
}

/**
 * Reads the column. Lists of numbers of several lengths are filled up to the longest with zeros, and a warning says so.
 * @throws {Problem} invalid_dataset at the first cell that is missing, of another shape, or holds what is no number
 */
export function readTensorColumn(name: string, source: CellSource): { column: TensorColumn; warnings: Warning[] } {
  const { rowCount, cell } = source
  const first = nestedShape(cell(0))
  if (first === null) throw misfit(name, source, 0, 'a list of numbers, as in other rows', shown(cell(0)))
  const lengths = first.length === 1 ? sequenceLengths(name, source) : null
  const shape = lengths ? [lengths.reduce((longest, length) => Math.max(longest, length), 0)] : first
  const size = elementCount(shape)
  if (size === 0) throw misfit(name, source, 0, 'at least one number in a list', 'none')
  assertFits(name, rowCount, size)
  const numbers = new Float32Array(rowCount * size)
  for (let row = 0; row < rowCount; row++) {
    const fault = writeNested(cell(row), lengths ? [lengths[row] as number] : shape, numbers, row * size)
    if (fault !== null) throw misfit(name, source, row, expectation(shape, lengths), fault)
  }
  const padded = lengths?.some((length) => length !== size) ? lengths : null
  const column: TensorColumn = { name, type: 'tensor', shape, values: compact(numbers), lengths: padded }
  return { column, warnings: padded ? [paddedWarning(name, padded, size)] : [] }
}

function sequenceLengths(name: string, source: CellSource): Int32Array {
  return Int32Array.from({ length: source.rowCount }, (_, row) => {
    const value = source.cell(row)
    if (Array.isArray(value)) return value.length
    throw misfit(name, source, row, 'a list of numbers, as in row 1', shown(value))
  })
}

function expectation(shape: readonly number[], lengths: Int32Array | null): string {
  return lengths ? 'a list of numbers' : `lists of numbers of the shape [${shape.join(', ')}], as in row 1`
}

function shown(value: unknown): string {
  return value === null || value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60)
}

function misfit(name: string, { place }: CellSource, row: number, expected: string, received: string): Problem {
  const { words, pointer: at } = place(row)
  const detail = `${words}, column ${JSON.stringify(name)}: expected ${expected}, received ${received}.`
  return bodyProblem('invalid_dataset', at, detail)
}

function assertFits(name: string, rowCount: number, size: number): void {
  if (rowCount * size <= MOST_NUMBERS) return
  const detail =
    `Column ${JSON.stringify(name)}: ${rowCount} rows of ${size} numbers each are more than the ${MOST_NUMBERS} numbers ` +
    'that a column may hold; send fewer rows, or shorten the longest list.'
  throw bodyProblem('invalid_dataset', pointer('columns', name), detail)
}

/** Bytes where every number is one, as pixels are. */
function compact(numbers: Float32Array): Float32Array | Uint8Array {
  for (let i = 0; i < numbers.length; i++) {
    const value = numbers[i] as number
    if (!(value >= 0 && value <= LARGEST_BYTE && Number.isInteger(value)) || Object.is(value, -0)) return numbers
  }
  return Uint8Array.from(numbers)
}

function paddedWarning(name: string, lengths: Int32Array, longest: number): Warning {
  const shortest = lengths.reduce((least, length) => Math.min(least, length), longest)
  const detail =
    `Column ${JSON.stringify(name)} holds lists of ${shortest} to ${longest} numbers; the shorter ones are filled up with zeros ` +
    `at their end, to ${longest}. (Embedding with mask_zero and Masking skip them.)`
  return { code: 'padded_sequences', pointer: pointer('columns', name), detail }
}
