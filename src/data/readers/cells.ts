/** Cells to typed columns: growing typed arrays, one per column, and the rules for what counts as missing. */
import type { ScalarColumn, ScalarType } from '../table.ts'
import { type Decimal, parseNumber } from './number-text.ts'

/** A cell as a file or JSON says it. */
export type Cell = string | number | boolean | null

export interface CellRules {
  readonly decimal: Decimal
  /** Tokens that stand for a missing cell in place of the usual ones; an empty cell is always missing. */
  readonly missing: ReadonlySet<string> | null
}

/** In columns of numbers and booleans these, whatever their case, stand for a missing cell. In texts none does: NA is Namibia. */
const missingTokens: ReadonlySet<string> = new Set(['na', 'n/a', 'nan', 'null'])

/** What makes a boolean where nobody has said so: the two words alone. */
const booleanWords: ReadonlyMap<string, number> = new Map([
  ['true', 1],
  ['false', 0],
])

/** What is taken for a boolean in a column declared as one. */
const declaredBooleans: ReadonlyMap<string, number> = new Map([
  ...booleanWords,
  ['yes', 1],
  ['no', 0],
  ['1', 1],
  ['0', 0],
])

/** Collects the cells of one column; `add` says false, and keeps nothing, where a cell is not of the column's type. */
export interface ColumnBuilder {
  readonly type: ScalarType
  add(cell: Cell): boolean
  build(name: string): ScalarColumn
}

/** A builder for a column of this type. */
export function createBuilder(type: ScalarType, rules: CellRules): ColumnBuilder {
  return builders[type](rules)
}

/** The type one text speaks for where nobody has declared one; null for a missing cell. */
export function typeOfText(text: string, { decimal, missing }: CellRules): ScalarType | null {
  if (text === '' || missing?.has(text)) return null
  if (!Number.isNaN(parseNumber(text, decimal))) return 'number'
  const word = text.toLowerCase()
  if (booleanWords.has(word)) return 'boolean'
  return missing === null && missingTokens.has(word) ? null : 'category'
}

const builders: Readonly<Record<ScalarType, (rules: CellRules) => ColumnBuilder>> = {
  number: numberBuilder,
  category: categoryBuilder,
  boolean: booleanBuilder,
}

function numberBuilder({ decimal, missing }: CellRules): ColumnBuilder {
  const cells = growing((length) => new Float64Array(length))
  const add = (cell: Cell): boolean => {
    if (cell === null || cell === '') return cells.push(Number.NaN)
    if (typeof cell === 'number') return Number.isFinite(cell) && cells.push(cell)
    if (typeof cell === 'boolean') return false
    if (missing?.has(cell)) return cells.push(Number.NaN)
    const value = parseNumber(cell, decimal)
    const accepted = !Number.isNaN(value) || (missing === null && missingTokens.has(cell.toLowerCase()))
    return accepted && cells.push(value)
  }
  return { type: 'number', add, build: (name) => ({ name, type: 'number', values: cells.take() }) }
}

function booleanBuilder({ missing }: CellRules): ColumnBuilder {
  const cells = growing((length) => new Int8Array(length))
  const add = (cell: Cell): boolean => {
    if (cell === null || cell === '') return cells.push(-1)
    const word = String(cell)
    if (missing?.has(word)) return cells.push(-1)
    const value = declaredBooleans.get(word.toLowerCase())
    if (value !== undefined) return cells.push(value)
    return missing === null && missingTokens.has(word.toLowerCase()) && cells.push(-1)
  }
  return { type: 'boolean', add, build: (name) => ({ name, type: 'boolean', values: cells.take() }) }
}

function categoryBuilder({ missing }: CellRules): ColumnBuilder {
  const cells = growing((length) => new Int32Array(length))
  const codeOf = new Map<string, number>()
  const add = (cell: Cell): boolean => {
    const text = cell === null ? '' : String(cell)
    if (text === '' || missing?.has(text)) return cells.push(-1)
    let code = codeOf.get(text)
    if (code === undefined) {
      code = codeOf.size
      codeOf.set(text, code)
    }
    return cells.push(code)
  }
  return { type: 'category', add, build: (name) => sortedCategories(name, cells.take(), [...codeOf.keys()]) }
}

/** Codes in order of appearance become codes in code-unit order, so that a table does not depend on the order of its rows. */
function sortedCategories(name: string, codes: Int32Array, inOrder: readonly string[]): ScalarColumn {
  const categories = [...inOrder].sort()
  const sortedCode = new Map(categories.map((text, code) => [text, code]))
  const moved = Int32Array.from(inOrder, (text) => sortedCode.get(text) ?? -1)
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number
    if (code >= 0) codes[row] = moved[code] as number
  }
  return { name, type: 'category', codes, categories }
}

interface TypedCells<A> {
  set(source: A): void
  readonly length: number
  [index: number]: number
  slice(start: number, end: number): A
}

/** An array that doubles when it is full; `push` answers true so that builders can return it. */
function growing<A extends TypedCells<A>>(create: (length: number) => A): { push(value: number): true; take(): A } {
  let cells = create(1024)
  let length = 0
  return {
    push(value) {
      if (length === cells.length) {
        const larger = create(length * 2)
        larger.set(cells)
        cells = larger
      }
      cells[length++] = value
      return true
    },
    take: () => cells.slice(0, length),
  }
}
