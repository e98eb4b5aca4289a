/** What a person may say about a column and what is told back about it, in the spelling of the wire. */
import Type from 'typebox'
import { rangeOf } from './statistics.ts'
import { type Column, type ColumnType, countMissing, type ScalarType, type Table } from './table.ts'

/** What a column is for; a column without a role is a feature unless a training names it as its target. */
export type ColumnRole = 'feature' | 'target' | 'ignore'

/** Overrides of inference for one column. `text` is another word for `category`; `missing` replaces the missing tokens. */
export const ColumnOverrideSchema = Type.Object(
  {
    type: Type.Optional(Type.Enum(['number', 'category', 'text', 'boolean'])),
    role: Type.Optional(Type.Enum(['feature', 'target', 'ignore'])),
    missing: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
)
export interface ColumnOverride {
  readonly type?: ScalarType | 'text' | undefined
  readonly role?: ColumnRole | undefined
  readonly missing?: readonly string[] | undefined
}
export type ColumnOverrides = Readonly<Record<string, ColumnOverride>>

/** One column as told back; `category_count` for categories, `min` and `max` for numbers that are there, `shape` for tensors. */
export interface ColumnInfo {
  readonly name: string
  readonly type: ColumnType
  readonly role?: ColumnRole
  readonly missing_count: number
  readonly category_count?: number
  readonly categories?: readonly string[]
  readonly min?: number
  readonly max?: number
  /** Of one cell, for tensors. */
  readonly shape?: readonly number[]
  /** The shortest and the longest sequence, where the shorter ones are filled up with zeros at their end. */
  readonly lengths?: { readonly min: number; readonly max: number }
}

/** Categories are listed up to this many; beyond it only their count is told. */
const LISTED_CATEGORIES = 50

/** The type that an override asks for, or null. */
export function declaredType(override: ColumnOverride | undefined): ScalarType | null {
  const type = override?.type
  return type === 'text' ? 'category' : (type ?? null)
}

/** Names, types, roles (where stated), missing counts and ranges of all columns. */
export function describeColumns(table: Table, overrides: ColumnOverrides = {}): ColumnInfo[] {
  return table.columns.map((column) => {
    const role = overrides[column.name]?.role
    return {
      name: column.name,
      type: column.type,
      ...(role !== undefined && { role }),
      missing_count: countMissing(column),
      ...details(column),
    }
  })
}

function details(column: Column): Partial<ColumnInfo> {
  if (column.type === 'boolean') return {}
  if (column.type === 'category') {
    const { categories } = column
    return { category_count: categories.length, ...(categories.length <= LISTED_CATEGORIES && { categories }) }
  }
  const { min, max } = rangeOf(column.values)
  const range = min <= max ? { min, max } : {}
  if (column.type === 'number') return range
  const { shape, lengths } = column
  return { shape, ...range, ...(lengths && { lengths: rangeOf(lengths) }) }
}
