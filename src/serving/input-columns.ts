/** Raw values of one feature, gathered as the tensor that the served model takes. */
import { writeNested } from '../data/nested.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import type { Feature } from './signature.ts'

/** A feature with what every request looks up in it. */
export interface Field extends Feature {
  readonly known: ReadonlySet<string>
}

/** Collects the values of one field. */
export interface InputColumn {
  readonly tensor: Tensor
  /** What a value must be, in words. */
  readonly expected: string
  /** Writes a value; what was received, in words, where it does not fit, else null. */
  write(row: number, value: unknown): string | null
  missing(row: number): void
}

/** An empty column for so many rows. */
export function columnFor(field: Field, rows: number): InputColumn {
  return columns[field.type](rows, field)
}

const columns: Readonly<Record<Feature['type'], (rows: number, field: Field) => InputColumn>> = {
  number: numberColumn,
  boolean: booleanColumn,
  category: categoryColumn,
  tensor: tensorColumn,
}

function numberColumn(rows: number, { range }: Field): InputColumn {
  const data = new Float64Array(rows)
  return {
    tensor: { type: 'float64', dims: [rows, 1], data },
    expected: range ? idWords(range) : 'a number',
    write(row, value) {
      if (typeof value !== 'number' || !Number.isFinite(value) || (range && !isId(value, range))) return shown(value)
      data[row] = value
      return null
    },
    missing(row) {
      data[row] = Number.NaN
    },
  }
}

function booleanColumn(rows: number): InputColumn {
  const data = new Float64Array(rows)
  return {
    tensor: { type: 'float64', dims: [rows, 1], data },
    expected: 'true or false',
    write(row, value) {
      if (typeof value !== 'boolean' && value !== 0 && value !== 1) return shown(value)
      data[row] = Number(value)
      return null
    },
    missing(row) {
      data[row] = Number.NaN
    },
  }
}

function categoryColumn(rows: number, { known }: Field): InputColumn {
  const data = new Array<string>(rows).fill('')
  return {
    tensor: { type: 'string', dims: [rows, 1], data },
    expected: `a text, as ${[...known].slice(0, 3).map(shown).join(', ')}`,
    // A code like 4711 is a number in JSON; where training saw it as a text, it is the same category.
    write(row, value) {
      const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
      if (typeof text !== 'string' || (text !== value && !known.has(text))) return shown(value)
      data[row] = text
      return null
    },
    missing: () => undefined, // the empty text stands for a missing one, here as in a CSV cell
  }
}

/** Shorter sequences keep the zeros at their end, as in training. */
function tensorColumn(rows: number, { shape = [], padded = false, range }: Field): InputColumn {
  const size = elementCount(shape)
  const data = new Float32Array(rows * size)
  const lists = padded ? `a list of up to ${size} numbers` : `lists of numbers of the shape [${shape.join(', ')}]`
  return {
    tensor: { type: 'float32', dims: [rows, ...shape], data },
    expected: range ? `${lists}, each ${idWords(range)}` : lists,
    write(row, value) {
      const fits = padded && Array.isArray(value) && value.length <= size ? [value.length] : shape
      const fault = writeNested(value, fits, data, row * size)
      if (fault !== null || !range) return fault
      const outside = data.subarray(row * size, (row + 1) * size).findIndex((id) => !isId(id, range))
      return outside < 0 ? null : `${data[row * size + outside]}${shape.length === 1 ? ` at [${outside}]` : ''}`
    },
    missing: () => undefined, // a tensor is always required
  }
}

const isId = (value: number, { min, max }: NonNullable<Feature['range']>): boolean =>
  Number.isInteger(value) && value >= min && value <= max

const idWords = ({ min, max }: NonNullable<Feature['range']>) => `a whole number from ${min} to ${max}`

function shown(value: unknown): string {
  return JSON.stringify(value)
}
