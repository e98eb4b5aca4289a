/** A dataset on the wire. */
import { type Static, Type } from 'typebox'
import type { ColumnInfo } from '../data/columns.ts'
import type { DatasetRow } from '../store/schema.ts'
import { NullableString, named, refTo, Time, WarningBody } from './common.ts'

const Column = Type.Object(
  {
    name: Type.String(),
    type: Type.String({ examples: ['number', 'category', 'boolean', 'tensor'] }),
    role: Type.Optional(Type.String()),
    missing_count: Type.Integer(),
  },
  { additionalProperties: true },
)

export const Dataset = named(
  'Dataset',
  Type.Object({
    id: Type.String({ examples: ['ds_01JX3K8V5W9Q2M4N6P8R0S2T4V'] }),
    name: NullableString,
    format: Type.String(),
    row_count: Type.Integer(),
    columns: Type.Array(Column),
    warnings: Type.Array(refTo(WarningBody)),
    settings: Type.Unsafe<unknown>({ description: 'How the file was read: its dialect and the overrides' }),
    created_at: Time,
  }),
)

export function datasetBody(row: DatasetRow): Static<typeof Dataset> {
  return {
    id: row.id,
    name: row.name,
    format: row.format,
    row_count: row.rowCount,
    columns: row.columns as ColumnInfo[] & Record<string, unknown>[], // written from what the data room told
    warnings: [...row.warnings],
    settings: row.settings,
    created_at: row.createdAt.toISOString(),
  }
}
