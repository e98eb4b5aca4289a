/** What to do with missing cells: refuse, leave the rows out, or fill in a value found in the training rows. */
import { Problem, type ProblemPart } from '../errors.ts'
import { pointer } from './pointer.ts'
import { moments, quantile } from './statistics.ts'
import {
  type Column,
  type ColumnOf,
  type ColumnType,
  columnNamed,
  countMissing,
  gather,
  isMissing,
  type ScalarColumn,
  type ScalarType,
  scalarValue,
  type Table,
} from './table.ts'

export const missingPolicies = ['error', 'drop', 'mean', 'median', 'most_frequent', 'constant'] as const
export type MissingPolicy = (typeof missingPolicies)[number]

/** A policy for one column, with the value that `constant` fills in. */
export interface MissingRule {
  readonly policy: MissingPolicy
  readonly value?: number | string | boolean
}

/** What a fitted encoder does with a missing cell: `fill` in its place; null where such a row is refused. */
export interface FittedMissing<V> {
  readonly policy: MissingPolicy
  readonly fill: V | null
}

/** The values that columns of each type hold. */
export interface CellOf {
  readonly number: number
  readonly category: string
  readonly boolean: boolean
  readonly tensor: never
}

/** Which policies a column of each type can have. */
export const policiesOf: Readonly<Record<ColumnType, readonly MissingPolicy[]>> = {
  number: missingPolicies,
  category: ['error', 'drop', 'most_frequent', 'constant'],
  boolean: ['error', 'drop', 'most_frequent', 'constant'],
  tensor: ['error'], // no cell of such a column is missing
}

/** What `constant` fills in where the request gives no value: as scikit-learn's SimpleImputer, but with a plainer word. */
export const defaultConstants: Pick<CellOf, ScalarType> = { number: 0, category: 'missing', boolean: false }

/** So many rows are named in a problem. */
const NAMED_ROWS = 5

/**
 * The rows that can be learned from: all of them, without those that have a missing cell in a column with policy `drop`.
 * @throws {Problem} missing_values naming each column with policy `error` and its rows, counted from 1
 */
export function usableRows(table: Table, rules: Readonly<Record<string, MissingRule>>): Int32Array {
  const dropped: Column[] = []
  const errors: ProblemPart[] = []
  for (const [name, { policy }] of Object.entries(rules)) {
    const column = columnNamed(table, name)
    if (policy === 'drop') dropped.push(column)
    if (policy !== 'error') continue
    const rows = missingRows(column, table.rowCount)
    if (rows.length > 0) errors.push(missingProblem(column, rows))
  }
  if (errors.length > 0) throw new Problem('missing_values', errors.map(({ detail }) => detail).join(' '), { errors })
  const usable = new Int32Array(table.rowCount)
  let count = 0
  for (let row = 0; row < table.rowCount; row++) {
    if (dropped.length === 0 || !dropped.some((column) => isMissing(column, row))) usable[count++] = row
  }
  return usable.slice(0, count)
}

function missingRows(column: Column, rowCount: number): number[] {
  const rows: number[] = []
  if (countMissing(column) === 0) return rows
  for (let row = 0; row < rowCount; row++) if (isMissing(column, row)) rows.push(row)
  return rows
}

function missingProblem({ name, type }: Column, rows: readonly number[]): ProblemPart {
  const named = rows.slice(0, NAMED_ROWS).map((row) => row + 1)
  const more = rows.length > NAMED_ROWS ? ` and ${rows.length - NAMED_ROWS} more` : ''
  const which = `${rows.length === 1 ? 'row' : 'rows'} ${named.join(', ')}${more} (counted from 1, without a header)`
  const choices = policiesOf[type].filter((policy) => policy !== 'error').join(', ')
  const detail =
    `Column ${JSON.stringify(name)} has ${rows.length} missing ${rows.length === 1 ? 'value' : 'values'}: ${which}. ` +
    `Mend the data, leave the column out, or set missing_values (for all or for this column) to one of ${choices}.`
  return { in: 'body', pointer: pointer('missing_values', name), detail }
}

/**
 * The value that fills missing cells of a column, found in the training rows; null for `error` and `drop`.
 * @throws {Problem} missing_values where the training rows hold no value to take it from
 */
export function fitFill<T extends ScalarType>(
  ofType: ColumnOf<T>,
  rows: Int32Array,
  rule: MissingRule,
): CellOf[T] | null {
  const column: ScalarColumn = ofType
  const { policy } = rule
  if (policy === 'error' || policy === 'drop') return null
  if (policy === 'constant') return (rule.value ?? defaultConstants[column.type]) as CellOf[T] // planning has checked its type
  const fill = policy === 'most_frequent' ? mostFrequent(column, rows) : numberFill(column, rows, policy)
  if (fill !== null) return fill as CellOf[T] // a cell of this very column
  const detail =
    `missing_values: column ${JSON.stringify(column.name)} has no value in the training rows to take its ${policy} from. ` +
    'Leave the column out, or use constant.'
  throw new Problem('missing_values', detail, {
    errors: [{ in: 'body', pointer: pointer('missing_values', column.name), detail }],
  })
}

function numberFill(column: ScalarColumn, rows: Int32Array, policy: 'mean' | 'median'): number | null {
  if (column.type !== 'number') throw new Error(`${policy} of the ${column.type} column ${column.name}`)
  const present = gather(column.values, rows).filter((value) => !Number.isNaN(value))
  if (present.length === 0) return null
  return policy === 'mean' ? moments(present).mean : quantile(present.sort(), 0.5)
}

/** Of equally frequent values the smallest, as scikit-learn. */
function mostFrequent(column: ScalarColumn, rows: Int32Array): number | string | boolean | null {
  const counts = new Map<number | string | boolean, number>()
  for (const row of rows) {
    const value = scalarValue(column, row)
    if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  let best: { value: number | string | boolean; count: number } | null = null
  for (const [value, count] of counts) {
    if (best === null || count > best.count || (count === best.count && value < best.value)) best = { value, count }
  }
  return best?.value ?? null
}
