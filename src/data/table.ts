/** A table in memory: typed columns of equal length, no object per cell. */
import { elementCount } from '../onnx/tensor.ts'
import { type Nested, toNested } from './nested.ts'

/** Numbers in float64; NaN is a missing cell. */
export interface NumberColumn {
  readonly name: string
  readonly type: 'number'
  readonly values: Float64Array
}

/** Texts as codes into `categories` (distinct, in code-unit order); -1 is a missing cell. */
export interface CategoryColumn {
  readonly name: string
  readonly type: 'category'
  readonly codes: Int32Array
  readonly categories: readonly string[]
}

/** 0 is false, 1 is true, -1 is a missing cell. */
export interface BooleanColumn {
  readonly name: string
  readonly type: 'boolean'
  readonly values: Int8Array
}

/**
 * Nested arrays of numbers, all of one shape: images, sequences, several numbers in one cell. No cell is missing. Values are
 * row-major, [rows, …shape]; whole numbers from 0 to 255 take one byte each.
 */
export interface TensorColumn {
  readonly name: string
  readonly type: 'tensor'
  readonly shape: readonly number[]
  readonly values: Float32Array | Uint8Array
  /** How long each sequence was before zeros were put at its end; null where all cells came in one shape. */
  readonly lengths: Int32Array | null
}

/** Columns with one value per cell. */
export type ScalarColumn = NumberColumn | CategoryColumn | BooleanColumn
export type ScalarType = ScalarColumn['type']
export type Column = ScalarColumn | TensorColumn
export type ColumnType = Column['type']

/** Columns of one kind, picked out of `Column` by its type. */
export type ColumnOf<T extends ColumnType> = Extract<Column, { type: T }>

export interface Table {
  readonly rowCount: number
  readonly columns: readonly Column[]
}

/** The column of this name, or null. */
export function findColumn(table: Table, name: string): Column | null {
  return table.columns.find((column) => column.name === name) ?? null
}

/** The column of this name, for callers that have checked that it exists. */
export function columnNamed(table: Table, name: string): Column {
  const column = findColumn(table, name)
  if (column === null) throw new Error(`the table has no column ${name}`)
  return column
}

/** The stored numbers or codes of a column, one per row. */
export function cellsOf(column: ScalarColumn): Float64Array | Int32Array | Int8Array {
  return column.type === 'category' ? column.codes : column.values
}

/** Whether the cell in this row is missing. */
export function isMissing(column: Column, row: number): boolean {
  if (column.type === 'tensor') return false
  return column.type === 'number' ? Number.isNaN(column.values[row]) : (cellsOf(column)[row] as number) < 0
}

/** The cell of a column with one value per cell as JSON would say it; null where it is missing. */
export function scalarValue(column: ScalarColumn, row: number): number | string | boolean | null {
  if (isMissing(column, row)) return null
  if (column.type === 'category') return column.categories[column.codes[row] as number] ?? null
  const value = column.values[row] as number
  return column.type === 'boolean' ? value === 1 : value
}

/** The cell as JSON would say it: nested lists where it is a tensor, without the zeros that a sequence was filled up with. */
export function cellValue(column: Column, row: number): number | string | boolean | Nested | null {
  if (column.type !== 'tensor') return scalarValue(column, row)
  const { shape, values, lengths } = column
  return toNested(values, lengths ? [lengths[row] as number] : shape, row * elementCount(shape))
}

/** How many cells of the column are missing. */
export function countMissing(column: Column): number {
  if (column.type === 'tensor') return 0
  const cells = cellsOf(column)
  let count = 0
  if (column.type === 'number') for (let row = 0; row < cells.length; row++) count += Number.isNaN(cells[row]) ? 1 : 0
  else for (let row = 0; row < cells.length; row++) count += (cells[row] as number) < 0 ? 1 : 0
  return count
}

/** The numbers at these rows. A plain loop: `Float64Array.from` with a function takes ten times as long. */
export function gather(values: ArrayLike<number>, rows: Int32Array): Float64Array {
  const gathered = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) gathered[i] = values[rows[i] as number] as number
  return gathered
}

/** The numbers of a tensor column at these rows, [rows, …shape]. */
export function tensorRows({ values, shape }: TensorColumn, rows: Int32Array): Float32Array {
  const size = elementCount(shape)
  const out = new Float32Array(rows.length * size)
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * size
    out.set(values.subarray(from, from + size), i * size)
  }
  return out
}
