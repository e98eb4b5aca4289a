/** Instances of a prediction request, checked against the version's signature, as tensors of raw values. */
import { Problem, type ProblemPart, type Warning } from '../errors.ts'
import type { Tensor } from '../onnx/tensor.ts'
import type { Feature } from './signature.ts'

const maxMistakes = 50

/** The model's inputs, each `[batch, 1]`, and what is worth telling about them. */
export interface EncodedInstances {
  readonly feeds: Record<string, Tensor>
  readonly warnings: Warning[]
}

/** Writes the value of one field into its tensor; false where the type is wrong. */
interface Column {
  readonly tensor: Tensor
  write(row: number, value: unknown): boolean
  missing(row: number): void
  readonly expected: string
}

type ColumnOf = (rows: number, known: ReadonlySet<string>) => Column

const columnOf: Record<Feature['type'], ColumnOf> = {
  number(rows) {
    const data = new Float64Array(rows)
    return {
      tensor: { type: 'float64', dims: [rows, 1], data },
      expected: 'a number',
      write(row, value) {
        if (typeof value !== 'number') return false
        data[row] = value
        return Number.isFinite(value)
      },
      missing(row) {
        data[row] = Number.NaN
      },
    }
  },
  boolean(rows) {
    const data = new Float64Array(rows)
    return {
      tensor: { type: 'float64', dims: [rows, 1], data },
      expected: 'true or false',
      write(row, value) {
        if (typeof value !== 'boolean' && value !== 0 && value !== 1) return false
        data[row] = Number(value)
        return true
      },
      missing(row) {
        data[row] = Number.NaN
      },
    }
  },
  category(rows, known) {
    const data = new Array<string>(rows).fill('')
    return {
      tensor: { type: 'string', dims: [rows, 1], data },
      expected: `a text, as ${[...known].slice(0, 3).map(quoted).join(', ')}`,
      // A code like 4711 is a number in JSON; where training saw it as a text, it is the same category.
      write(row, value) {
        const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
        if (typeof text !== 'string' || (text !== value && !known.has(text))) return false
        data[row] = text
        return true
      },
      missing: () => undefined, // the empty text stands for a missing one, here as in a CSV cell
    }
  },
}

/** A feature with what every request looks up in it. */
interface Field extends Feature {
  readonly known: ReadonlySet<string>
}

/**
 * Prepares the reading of instances for a version: once when it is loaded, not at every request.
 * @returns the check and encoding of instances: objects by feature name, or rows of values in the features' order;
 *   throws the Problem invalid_instance with the pointers of all mistakes (`/instances/0/n`)
 */
export function instanceReader(features: readonly Feature[]): (instances: readonly unknown[]) => EncodedInstances {
  const fields = features.map((feature): Field => ({ ...feature, known: new Set(feature.categories) }))
  const names = new Set(features.map(({ name }) => name))
  return (instances) => {
    const mistakes: ProblemPart[] = []
    const rows = instances.map((instance, at) => rowOf(fields, names, instance, at, mistakes))
    const found: EncodedInstances = { feeds: {}, warnings: [] }
    fields.forEach((field, index) => {
      const column = columnOf[field.type](rows.length, field.known)
      found.feeds[field.input] = column.tensor
      rows.forEach((row, at) => {
        if (row === null) return
        const value = row.values[index]
        const key = row.isObject ? field.name : String(index)
        const mistake = writeField(field, column, at, value, row.isObject)
        if (mistake !== null) mistakes.push(partAt(at, key, mistake))
        else if (isUnseen(field, value)) found.warnings.push(unseen(field, at, key, value))
      })
    })
    if (mistakes.length > 0) throw invalid(mistakes)
    return found
  }
}

/** An instance's values in the features' order; undefined where an object lacks the field. */
interface Row {
  readonly isObject: boolean
  readonly values: readonly unknown[]
}

function rowOf(
  fields: readonly Field[],
  names: ReadonlySet<string>,
  instance: unknown,
  at: number,
  mistakes: ProblemPart[],
): Row | null {
  if (Array.isArray(instance)) {
    if (instance.length === fields.length) return { isObject: false, values: instance }
    const order = [...names].join(', ')
    mistakes.push(partAt(at, null, `has ${instance.length} values, expected ${fields.length}: ${order}`))
    return null
  }
  if (typeof instance !== 'object' || instance === null) {
    mistakes.push(partAt(at, null, `must be an object or a row of values, received ${JSON.stringify(instance)}`))
    return null
  }
  const given = instance as Record<string, unknown> // a JSON object
  for (const key of Object.keys(given)) {
    if (names.has(key)) continue
    mistakes.push(partAt(at, key, `is no feature of this model; its features are ${[...names].join(', ')}`))
  }
  const values = fields.map(({ name }) => (Object.hasOwn(given, name) ? given[name] : undefined))
  return { isObject: true, values }
}

function isMissing({ type }: Field, value: unknown): boolean {
  return value === undefined || value === null || (type === 'category' && value === '')
}

function isUnseen(field: Field, value: unknown): boolean {
  return field.type === 'category' && !isMissing(field, value) && !field.known.has(String(value))
}

/** Writes one field; what is wrong with it in words, or null. */
function writeField(field: Field, column: Column, row: number, value: unknown, isObject: boolean): string | null {
  if (isMissing(field, value)) {
    if (field.required) return missingSentence(value, isObject)
    column.missing(row)
    return null
  }
  return column.write(row, value) ? null : `must be ${column.expected}, received ${JSON.stringify(value)}`
}

function missingSentence(value: unknown, isObject: boolean): string {
  if (value === undefined && isObject) return 'is required'
  return 'must not be missing: the training named no policy for missing values (missing_values: mean, median, …)'
}

function unseen(feature: Feature, row: number, key: string, value: unknown): Warning {
  const detail = `${feature.name}: ${JSON.stringify(value)} was not seen in training and counts as none of the known values`
  return { code: 'unseen_category', pointer: `/instances/${row}/${escapeKey(key)}`, detail }
}

function partAt(row: number, key: string | null, sentence: string): ProblemPart {
  const pointer = key === null ? `/instances/${row}` : `/instances/${row}/${escapeKey(key)}`
  const place = key === null ? `instances[${row}]` : `instances[${row}].${key}`
  return { in: 'body', pointer, detail: `${place} ${sentence}` }
}

function invalid(mistakes: readonly ProblemPart[]): Problem {
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more, see errors)` : ''
  const detail = `${mistakes[0]?.detail}${more}`
  return new Problem('invalid_instance', detail, { errors: mistakes.slice(0, maxMistakes) })
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
