/** Bytes of a known format to a table: the entry of the readers. */
import { bodyProblem } from '../../errors.ts'
import { describeColumns } from '../columns.ts'
import { readCsv } from './csv.ts'
import { readJson, readJsonValue } from './json.ts'
import type { Reader, ReadOptions, ReadTable } from './reader.ts'

/** The formats of table files by name. */
export const formats: Readonly<Record<string, Reader>> = { csv: readCsv, json: readJson }

/**
 * Reads a table; types that `columns` does not declare are inferred.
 * @throws {Problem} invalid_dataset, invalid_column, unknown_column, malformed_json, invalid_request (unknown format)
 */
export async function readTable(bytes: Uint8Array, options: ReadOptions = {}): Promise<ReadTable> {
  const format = options.format ?? sniffFormat(bytes)
  const reader = Object.hasOwn(formats, format) ? formats[format] : undefined
  if (reader === undefined) {
    const detail = `format: expected one of ${Object.keys(formats).join(', ')}, received ${JSON.stringify(format)}.`
    throw bodyProblem('invalid_request', '/format', detail)
  }
  return describe(await reader(bytes, options), options)
}

/** Reads an already parsed `{ rows }` or `{ columns }`. @throws {Problem} as `readTable` */
export async function tableFromJson(value: unknown, options: ReadOptions = {}): Promise<ReadTable> {
  return describe(await readJsonValue(value, options), options)
}

function describe(read: Omit<ReadTable, 'columns'>, options: ReadOptions): ReadTable {
  return { ...read, columns: describeColumns(read.table, options.columns) }
}

/** JSON begins with a brace or a bracket (after a byte order mark and white space), everything else is taken for CSV. */
function sniffFormat(bytes: Uint8Array): string {
  const start = new TextDecoder('utf-8').decode(bytes.subarray(0, 64)).trimStart()
  return start.startsWith('{') || start.startsWith('[') ? 'json' : 'csv'
}
