/** How a CSV file is written: its delimiter and its decimal sign, found from its first rows. */
import { bodyProblem, type Warning } from '../../errors.ts'
import { pointer } from '../pointer.ts'
import { firstRecords } from './csv-records.ts'
import { type Decimal, decimalEvidence } from './number-text.ts'

/** The dialect told back with a dataset. */
export interface Dialect {
  readonly delimiter: string
  readonly decimal: Decimal
}

const delimiters = [',', ';', '\t', '|'] as const
const DELIMITER_SAMPLE = 200
const NEWLINE = 10

/**
 * The delimiter that cuts most of the first rows into as many cells as the header has; of equals the one with more cells,
 * then the order comma, semicolon, tab, bar.
 * @throws {Problem} invalid_dataset when no delimiter makes the file readable
 */
export function sniffDelimiter(bytes: Uint8Array): string {
  let best: { delimiter: string; score: number; width: number } | null = null
  let fault: unknown = null
  for (const delimiter of delimiters) {
    try {
      const { score, width } = fitOf(firstRecords(bytes, delimiter, DELIMITER_SAMPLE))
      const better = best === null || score > best.score || (score === best.score && width > best.width)
      if (better) best = { delimiter, score, width }
    } catch (error) {
      if (fault === null && headerWidth(bytes, delimiter) > 1) fault = error
    }
  }
  if (best !== null && (best.width > 1 || fault === null)) return best.delimiter
  throw (
    fault ??
    bodyProblem('invalid_dataset', '/file', 'The file cannot be read as CSV: its first line has a broken quote.')
  )
}

/** A delimiter that cuts the header is the file's, even where a broken quote stops the rows. */
function headerWidth(bytes: Uint8Array, delimiter: string): number {
  const end = bytes.indexOf(NEWLINE)
  try {
    return firstRecords(bytes.subarray(0, end < 0 ? bytes.length : end), delimiter, 1)[0]?.cells.length ?? 0
  } catch {
    return 0 // a header with a broken quote speaks for no delimiter
  }
}

/** Several columns that fit half of the rows beat one column that fits them all: such a file is ragged, not narrow. */
function fitOf(records: readonly { cells: readonly string[] }[]): { score: number; width: number } {
  const width = records[0]?.cells.length ?? 0
  const fitting = records.filter(({ cells }) => cells.length === width).length
  const share = records.length === 0 ? 0 : fitting / records.length
  return { score: width > 1 ? share : share / 2, width }
}

/**
 * The decimal sign that most of the cells speak for. Where no cell is sure (`1.000` alone) the sign that is there is the
 * decimal sign, except for a comma in a comma-separated file, and a warning says so.
 */
export function sniffDecimal(
  names: readonly string[],
  rows: readonly (readonly string[])[],
  delimiter: string,
): { decimal: Decimal; warnings: Warning[] } {
  const sure: Record<Decimal, number> = { '.': 0, ',': 0 }
  const unsure = new Map<number, { text: string; sign: Decimal }>()
  for (const cells of rows) {
    for (const [index, text] of cells.entries()) {
      const evidence = decimalEvidence(text)
      if (evidence === null) continue
      if ('sure' in evidence) sure[evidence.sure]++
      else if (!unsure.has(index)) unsure.set(index, { text, sign: evidence.unsure })
    }
  }
  if (sure['.'] + sure[','] > 0) return { decimal: sure[','] > sure['.'] ? ',' : '.', warnings: [] }
  const signs = [...unsure.values()].map(({ sign }) => sign)
  const decimal: Decimal = delimiter !== ',' && signs.length > 0 && signs.every((sign) => sign === ',') ? ',' : '.'
  const warnings = [...unsure].map(([index, { text }]) => ambiguous(names[index] ?? '', text, decimal))
  return { decimal, warnings }
}

function ambiguous(name: string, text: string, decimal: Decimal): Warning {
  const sign = decimal === ',' ? 'a comma' : 'a point'
  const detail =
    `Column ${JSON.stringify(name)}: ${text} could be a decimal number or one with thousands; the file does not say which. ` +
    `It is read with ${sign} as its decimal sign.`
  return { code: 'ambiguous_number', pointer: pointer('columns', name), detail }
}
