/** CSV bytes to records (RFC 4180 with any delimiter), each with the line it starts on. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { CsvError, type Options, parse } from 'csv-parse'
import { parse as parseSync } from 'csv-parse/sync'
import { bodyProblem, Problem } from '../../errors.ts'
import { eachPlainRecord, isPlain, type OnRecord } from './plain-records.ts'

/** So many bytes are parsed in one turn of the event loop: about 30 ms. */
export const SLICE_BYTES = 256 * 1024

/**
 * Calls `onRecord` for every record that is not an empty line; ends with the first `to` records where given. Unquoted cells
 * are trimmed; quoted ones keep their spaces and newlines as written. Other work of the process runs between slices.
 * @throws {Problem} invalid_dataset where a quote is not closed or text follows a closing quote
 */
export async function eachRecord(bytes: Uint8Array, delimiter: string, onRecord: OnRecord): Promise<void> {
  return isPlain(bytes) ? eachPlainRecord(bytes, delimiter, onRecord) : eachQuotedRecord(bytes, delimiter, onRecord)
}

/** Every record through csv-parse, whatever the quotes. */
export async function eachQuotedRecord(bytes: Uint8Array, delimiter: string, onRecord: OnRecord): Promise<void> {
  const lines = lineCounter(onRecord)
  const parser = parse({ ...csvOptions(delimiter), on_record: lines.onRecord })
  parser.resume()
  try {
    await pipeline(Readable.from(slices(bytes)), parser)
  } catch (error) {
    throw readable(error, lines.correction())
  }
}

/** The first `to` records, read at once. @throws {Problem} invalid_dataset as `eachRecord` */
export function firstRecords(
  bytes: Uint8Array,
  delimiter: string,
  to: number,
): { cells: readonly string[]; line: number }[] {
  const records: { cells: readonly string[]; line: number }[] = []
  const lines = lineCounter((cells, line) => records.push({ cells, line }))
  try {
    parseSync(bytes, { ...csvOptions(delimiter), to, on_record: lines.onRecord })
  } catch (error) {
    throw readable(error, lines.correction())
  }
  return records
}

function csvOptions(delimiter: string): Options<string[]> {
  return {
    bom: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    trim: true,
  }
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
    yield bytes.subarray(start, start + SLICE_BYTES)
    await nextTurn()
  }
}

/** csv-parse counts a CRLF inside quotes as two lines; the first line of a record is its last less the newlines in it. */
function lineCounter(onRecord: OnRecord) {
  let previous = 0
  let correction = 0
  return {
    correction: () => correction,
    onRecord: (cells: string[], { lines }: { lines: number }): null => {
      let inside = 0
      if (lines - previous > 1) {
        for (const cell of cells) {
          correction += cell.split('\r\n').length - 1
          inside += cell.split(/\r\n|\n|\r/).length - 1
        }
      }
      previous = lines
      onRecord(cells, lines - correction - inside)
      return null
    },
  }
}

const csvFaults: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quoted cell is not closed before the end of the file: add the missing quote (")',
  CSV_INVALID_CLOSING_QUOTE: 'a quoted cell is followed by more text: double the quotes inside it ("")',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'a quoted cell is followed by more text: double the quotes inside it ("")',
}

function readable(error: unknown, correction: number): unknown {
  if (error instanceof Problem || !(error instanceof CsvError)) return error
  const line = typeof error.lines === 'number' ? ` Line ${error.lines - correction}:` : ''
  const detail = `The file cannot be read as CSV.${line} ${csvFaults[error.code] ?? error.message}.`
  return bodyProblem('invalid_dataset', '/file', detail)
}
