/** The CSV reader: dialect sniffed, header made distinct, types from the first rows, then one pass into typed columns. */
import { bodyProblem, Problem, type ProblemPart, type Warning } from '../../errors.ts'
import { type ColumnOverrides, declaredType } from '../columns.ts'
import { pointer } from '../pointer.ts'
import { assertOverridesExist, buildTable, type ColumnPlan } from './build-table.ts'
import type { CellRules } from './cells.ts'
import { distinctNames } from './column-names.ts'
import { eachRecord, firstRecords } from './csv-records.ts'
import { type Dialect, sniffDecimal, sniffDelimiter } from './dialect.ts'
import { guessType } from './infer.ts'
import { type Decimal, parseNumber } from './number-text.ts'
import type { ReadOptions, ReadTable } from './reader.ts'
import { assertUtf8 } from './utf8.ts'

/** Types and decimal sign are found from so many rows. */
const SAMPLE_ROWS = 5000

/** So many ragged rows are named at once. */
const NAMED_ROWS = 10

/**
 * Reads a CSV file whose first line names the columns.
 * @throws {Problem} invalid_dataset (empty, not UTF-8, ragged rows, broken quotes), invalid_column, unknown_column
 */
export async function readCsv(bytes: Uint8Array, options: ReadOptions): Promise<Omit<ReadTable, 'columns'>> {
  assertUtf8(bytes)
  const overrides = options.columns ?? {}
  const delimiter = options.delimiter ?? sniffDelimiter(bytes)
  const [header, ...sample] = firstRecords(bytes, delimiter, SAMPLE_ROWS + 1)
  if (header === undefined) throw unreadable('The file is empty: expected a header line and at least one row.')
  if (sample.length === 0) throw unreadable('The file has a header line and no rows: expected at least one row.')
  const { names, warnings } = distinctNames(header.cells)
  assertOverridesExist(names, overrides)
  const { decimal, warnings: ambiguous } = decimalOf(names, sample, delimiter, options)
  const plans = planColumns(names, sample, overrides, decimal)
  const built = await buildTable(plans.columns, overrides, (onRow) => eachRow(bytes, delimiter, names, onRow))
  const dialect: Dialect = { delimiter, decimal }
  const all = [...numericHeader(header.cells), ...warnings, ...ambiguous, ...plans.warnings, ...built.warnings]
  return { table: built.table, format: 'csv', dialect, warnings: all }
}

interface SampleRow {
  readonly cells: readonly string[]
  readonly line: number
}

function decimalOf(names: readonly string[], sample: readonly SampleRow[], delimiter: string, options: ReadOptions) {
  if (options.decimal !== undefined) return { decimal: options.decimal, warnings: [] }
  const overrides = options.columns ?? {}
  const texts = names.map((name) => declaredType(overrides[name]) === 'category')
  const rows = sample.map(({ cells }) => cells.map((cell, index) => (texts[index] ? '' : cell)))
  return sniffDecimal(names, rows, delimiter)
}

function planColumns(
  names: readonly string[],
  sample: readonly SampleRow[],
  overrides: ColumnOverrides,
  decimal: Decimal,
) {
  const warnings: Warning[] = []
  const columns = names.map((name, index): ColumnPlan => {
    const override = overrides[name]
    const rules: CellRules = { decimal, missing: override?.missing ? new Set(override.missing) : null }
    const declared = declaredType(override)
    if (declared !== null) return { name, type: declared, rules }
    const cells = sample.map(({ cells, line }) => ({ text: cells[index] ?? '', place: `line ${line}` }))
    const guess = guessType(name, cells, rules)
    warnings.push(...guess.warnings)
    return { name, type: guess.type, rules }
  })
  return { columns, warnings }
}

/** Every row but the header; rows with too many or too few cells are counted and named by line at the end. */
async function eachRow(
  bytes: Uint8Array,
  delimiter: string,
  names: readonly string[],
  onRow: Parameters<Parameters<typeof buildTable>[2]>[0],
): Promise<void> {
  const ragged: ProblemPart[] = []
  let raggedCount = 0
  let isHeader = true
  await eachRecord(bytes, delimiter, (cells, line) => {
    if (isHeader) {
      isHeader = false
      return
    }
    if (cells.length !== names.length && ++raggedCount <= NAMED_ROWS)
      ragged.push(raggedRow(cells.length, names.length, line))
    if (raggedCount > 0) return
    onRow(
      (index) => cells[index] ?? '',
      (index) => ({ words: `line ${line}`, pointer: pointer('columns', names[index] ?? '') }),
    )
  })
  if (raggedCount === 0) return
  const more = raggedCount > NAMED_ROWS ? ` And ${raggedCount - NAMED_ROWS} more rows.` : ''
  throw new Problem('invalid_dataset', ragged.map(({ detail }) => detail).join(' ') + more, { errors: ragged })
}

function raggedRow(received: number, expected: number, line: number): ProblemPart {
  const detail = `Line ${line} has ${received} cells, the header has ${expected}.`
  return { in: 'body', pointer: '/file', detail }
}

function numericHeader(header: readonly string[]): Warning[] {
  if (!header.every((cell) => !Number.isNaN(parseNumber(cell, '.')))) return []
  const detail = `The first line holds numbers only (${header.slice(0, 5).join(', ')}); it is read as the names of the columns.`
  return [{ code: 'numeric_header', pointer: '/file', detail }]
}

function unreadable(detail: string): Problem {
  return bodyProblem('invalid_dataset', '/file', detail)
}
