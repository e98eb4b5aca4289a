/** Ids, which a model looks up: every one checked before anything is trained. */
import type { FittedEncoder, IdRange } from '../data/encoders/encoder.ts'
import { columnNamed, type Table } from '../data/table.ts'
import { bodyProblem } from '../errors.ts'
import { elementCount } from '../onnx/tensor.ts'
import { quoted } from './column-rules.ts'

/**
 * The encoders, which now tell the range to the served model, where every value of these rows is in it.
 * @throws {Problem} invalid_training naming the first value that is not, its row and the range
 */
export function withRange(
  encoders: readonly FittedEncoder[],
  table: Table,
  rows: Int32Array,
  range: IdRange,
  at: string,
): FittedEncoder[] {
  return encoders.map((encoder) => {
    if (encoder.type !== 'number' && encoder.type !== 'tensor') return encoder
    const outside = firstOutside(encoder, table, rows, range)
    if (outside !== null) throw outOfRange(encoder.column, outside, range, at)
    return { ...encoder, range }
  })
}

interface Outside {
  readonly value: number
  readonly row: number
}

function firstOutside(
  { column: name, missing }: FittedEncoder,
  table: Table,
  rows: Int32Array,
  range: IdRange,
): Outside | null {
  const column = columnNamed(table, name)
  if (column.type !== 'number' && column.type !== 'tensor') return null
  const size = column.type === 'tensor' ? elementCount(column.shape) : 1
  for (const row of rows) {
    for (let i = row * size; i < (row + 1) * size; i++) {
      const cell = column.values[i] as number
      const value = Number.isNaN(cell) ? Number(missing.fill) : cell
      if (!Number.isInteger(value) || value < range.min || value > range.max) return { value, row }
    }
  }
  return null
}

function outOfRange(column: string, { value, row }: Outside, { min, max }: IdRange, at: string) {
  const detail =
    `features: column ${quoted(column)} holds ${value} in row ${row + 1} (counted from 1, without a header), the model looks up ` +
    `whole numbers from ${min} to ${max}. Mend the data, or make the layer's range larger (input_dim of Embedding).`
  return bodyProblem('invalid_training', at, detail)
}
