/** The JSON reader: `{ "rows": [ { … } ] }`, `{ "columns": { "a": [ … ] } }` or a bare list of rows. */
import { bodyProblem, type Problem, type Warning } from '../../errors.ts'
import { type ColumnOverride, type ColumnOverrides, declaredType } from '../columns.ts'
import { pointer } from '../pointer.ts'
import type { Column, ScalarType } from '../table.ts'
import { assertOverridesExist, buildTable, type CellPlace, type ColumnPlan } from './build-table.ts'
import type { Cell, CellRules } from './cells.ts'
import { distinctNames } from './column-names.ts'
import { mixedColumn } from './infer.ts'
import type { ReadOptions, ReadTable } from './reader.ts'
import { holdsTensors, readTensorColumn } from './tensor-column.ts'
import { decodeUtf8 } from './utf8.ts'

/** Cells by row and column, with the place of each in the body. */
interface Source {
  readonly keys: readonly string[]
  readonly rowCount: number
  cell(row: number, key: string): unknown
  place(row: number, key: string): CellPlace
}

type JsonObject = Readonly<Record<string, unknown>>

/** Reads the bytes of a JSON file. @throws {Problem} malformed_json and as `tableFromJson` */
export async function readJson(bytes: Uint8Array, options: ReadOptions): Promise<Omit<ReadTable, 'columns'>> {
  const text = decodeUtf8(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw bodyProblem('malformed_json', '/file', `The file is not JSON: ${reason}.`)
  }
  return readJsonValue(value, options)
}

/**
 * Reads a parsed body. A key that a row lacks, and null, are missing cells.
 * @throws {Problem} invalid_dataset (no rows, columns of unequal length, a cell that is an object, lists of unequal shape), invalid_column
 */
export async function readJsonValue(value: unknown, options: ReadOptions): Promise<Omit<ReadTable, 'columns'>> {
  const overrides = options.columns ?? {}
  const source = sourceOf(value)
  if (source.rowCount === 0)
    throw bodyProblem('invalid_dataset', '', 'The data has no rows: expected at least one row.')
  assertNames(source)
  const { names, warnings } = distinctNames(source.keys)
  assertOverridesExist(names, overrides)
  const nested = names.map((name, index) => tensorColumn(name, source, source.keys[index] ?? '', overrides[name]))
  const scalarKeys = source.keys.filter((_, index) => nested[index] === null)
  assertScalars(source, scalarKeys)
  const planned = names.flatMap((name, index) =>
    nested[index] === null ? [planColumn(name, source, source.keys[index] ?? '', overrides)] : [],
  )
  const built = await buildTable(
    planned.map(({ plan }) => plan),
    overrides,
    (onRow) => {
      for (let row = 0; row < source.rowCount; row++) {
        onRow(
          (index) => (source.cell(row, scalarKeys[index] ?? '') ?? null) as Cell, // assertScalars has looked at every cell
          (index) => source.place(row, scalarKeys[index] ?? ''),
        )
      }
    },
  )
  const scalars = built.table.columns.values()
  const columns = nested.map((tensor) => tensor?.column ?? (scalars.next().value as Column)) // one for each that is no tensor
  const told = [...planned, ...nested].flatMap((column) => column?.warnings ?? [])
  const all = [...warnings, ...told, ...built.warnings]
  return { table: { rowCount: source.rowCount, columns }, format: 'json', dialect: null, warnings: all }
}

/** The column where its cells are lists; null where they are not. @throws {Problem} invalid_column where another type is declared */
function tensorColumn(name: string, source: Source, key: string, override: ColumnOverride | undefined) {
  const cells = {
    rowCount: source.rowCount,
    cell: (row: number) => source.cell(row, key),
    place: (row: number) => source.place(row, key),
  }
  if (!holdsTensors(cells)) return null
  const declared = override?.type
  if (declared === undefined) return readTensorColumn(name, cells)
  const detail = `columns: column ${JSON.stringify(name)} holds lists of numbers and cannot be read as ${declared}; leave its type out.`
  throw bodyProblem('invalid_column', pointer('columns', name, 'type'), detail)
}

function sourceOf(value: unknown): Source {
  if (Array.isArray(value)) return rowSource(value, '')
  if (isObject(value)) {
    if (Array.isArray(value.rows)) return rowSource(value.rows, '/rows')
    if (isObject(value.columns)) return columnSource(value.columns)
  }
  const detail = 'Expected "rows", a list of objects, or "columns", an object of equally long lists.'
  throw bodyProblem('invalid_dataset', '', detail)
}

function rowSource(rows: readonly unknown[], prefix: string): Source {
  const keys = new Set<string>()
  const objects = rows.map((row, index): JsonObject => {
    if (!isObject(row)) throw invalidCell(`${prefix}/${index}`, `row ${index + 1}: expected an object, received`, row)
    for (const key of Object.keys(row)) keys.add(key)
    return row
  })
  return {
    keys: [...keys],
    rowCount: rows.length,
    cell: (row, key) => (Object.hasOwn(objects[row] ?? {}, key) ? objects[row]?.[key] : null),
    place: (row, key) => ({ words: `row ${row + 1}`, pointer: `${prefix}${pointer(row, key)}` }),
  }
}

function columnSource(columns: JsonObject): Source {
  const lists = new Map<string, readonly unknown[]>()
  let rowCount = 0
  for (const [key, list] of Object.entries(columns)) {
    const at = pointer('columns', key)
    if (!Array.isArray(list)) throw invalidCell(at, `column ${JSON.stringify(key)}: expected a list, received`, list)
    if (lists.size > 0 && list.length !== rowCount) {
      const detail = `Column ${JSON.stringify(key)} has ${list.length} cells, the columns before it have ${rowCount}.`
      throw bodyProblem('invalid_dataset', at, detail)
    }
    rowCount = list.length
    lists.set(key, list)
  }
  return {
    keys: [...lists.keys()],
    rowCount,
    cell: (row, key) => lists.get(key)?.[row],
    place: (row, key) => ({ words: `row ${row + 1}`, pointer: pointer('columns', key, row) }),
  }
}

/** Texts that neither a database nor ONNX can hold: a zero character, half of a surrogate pair. */
const brokenText = /\p{Surrogate}|\0/u

function isCell(cell: unknown): boolean {
  if (typeof cell === 'string') return !brokenText.test(cell)
  return typeof cell === 'boolean' || cell === null || cell === undefined || Number.isFinite(cell)
}

/** @throws {Problem} invalid_dataset at the first broken name */
function assertNames(source: Source): void {
  const broken = source.keys.find((key) => brokenText.test(key))
  if (broken !== undefined)
    throw invalidCell(source.place(0, broken).pointer, 'the name of a column is broken text:', broken)
}

/** @throws {Problem} invalid_dataset at the first cell that is no number, text, boolean or null */
function assertScalars(source: Source, keys: readonly string[]): void {
  for (let row = 0; row < source.rowCount; row++) {
    for (const key of keys) {
      const cell = source.cell(row, key)
      if (isCell(cell)) continue
      const { words, pointer: at } = source.place(row, key)
      throw invalidCell(
        at,
        `${words}, column ${JSON.stringify(key)}: expected a number, a text, true, false or null, received`,
        cell,
      )
    }
  }
}

/** JSON says the types of its cells itself: a column has the one that all of its cells have, else it is text. */
function planColumn(name: string, source: Source, key: string, overrides: ColumnOverrides) {
  const override = overrides[name]
  const rules: CellRules = { decimal: '.', missing: override?.missing ? new Set(override.missing) : null }
  const declared = declaredType(override)
  const warnings: Warning[] = []
  if (declared !== null) return { plan: { name, type: declared, rules } satisfies ColumnPlan, warnings }
  const counts = { number: 0, boolean: 0, category: 0 }
  let first: { text: string; place: string } | null = null
  for (let row = 0; row < source.rowCount; row++) {
    const cell = source.cell(row, key)
    if (cell === null || cell === undefined || cell === '') continue
    const type = jsonTypes[typeof cell] ?? 'category'
    counts[type]++
    if (type !== 'number') first ??= { text: String(cell), place: source.place(row, key).words }
  }
  const present = counts.number + counts.boolean + counts.category
  const type: ScalarType = counts.number === present ? 'number' : counts.boolean === present ? 'boolean' : 'category'
  if (type === 'category' && first !== null && counts.number * 2 >= present) warnings.push(mixedColumn(name, first))
  return { plan: { name, type, rules } satisfies ColumnPlan, warnings }
}

const jsonTypes: Readonly<Record<string, ScalarType>> = { number: 'number', boolean: 'boolean', string: 'category' }

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalidCell(at: string, words: string, value: unknown): Problem {
  const shown =
    typeof value === 'number' ? 'a number that is not finite' : (JSON.stringify(value) ?? 'nothing').slice(0, 60)
  return bodyProblem('invalid_dataset', at, `${words} ${shown}.`)
}
