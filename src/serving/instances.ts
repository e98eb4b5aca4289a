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

type ColumnOf = (feature: Feature, rows: number) => Column

const columnOf: Record<Feature['type'], ColumnOf> = {
  number(_feature, rows) {
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
  boolean(_feature, rows) {
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
  category({ categories = [] }, rows) {
    const data = new Array<string>(rows).fill('')
    return {
      tensor: { type: 'string', dims: [rows, 1], data },
      expected: `a text, as ${categories.slice(0, 3).map(quoted).join(', ')}`,
      // A code like 4711 is a number in JSON; where training saw it as a text, it is the same category.
      write(row, value) {
        const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
        if (typeof text !== 'string' || (text !== value && !categories.includes(text))) return false
        data[row] = text
        return true
      },
      missing: () => undefined, // the empty text stands for a missing one
    }
  },
}

/**
 * Checks every field of every instance.
 * @param instances objects by feature name, or rows of values in the features' order
 * @throws {Problem} invalid_instance with the pointers of all mistakes (`/instances/0/n`)
 */
export function encodeInstances(features: readonly Feature[], instances: readonly unknown[]): EncodedInstances {
  const mistakes: ProblemPart[] = []
  const warnings: Warning[] = []
  const rows = instances.map((instance, row) => fieldsOf(features, instance, row, mistakes))
  const columns = features.map((feature) => columnOf[feature.type](feature, instances.length))
  features.forEach((feature, index) => {
    const column = columns[index] as Column // one a feature
    const known = feature.type === 'category' ? new Set(feature.categories) : null
    rows.forEach((row, at) => {
      if (row === null) return
      const value = row.values[index]
      const mistake = writeField(feature, column, at, value, row.isObject)
      if (mistake !== null) mistakes.push(partAt(at, row.isObject ? feature.name : String(index), mistake))
      else if (known !== null && value !== null && value !== undefined && !known.has(String(value))) {
        warnings.push(unseen(feature, at, row.isObject ? feature.name : String(index), value))
      }
    })
  })
  if (mistakes.length > 0) throw invalid(mistakes)
  return {
    feeds: Object.fromEntries(features.map(({ name }, index) => [name, columns[index]?.tensor as Tensor])),
    warnings,
  }
}

/** An instance's values in the features' order; undefined where an object lacks the field. */
interface Row {
  readonly isObject: boolean
  readonly values: readonly unknown[]
}

function fieldsOf(features: readonly Feature[], instance: unknown, at: number, mistakes: ProblemPart[]): Row | null {
  if (Array.isArray(instance)) {
    if (instance.length === features.length) return { isObject: false, values: instance }
    const order = features.map(({ name }) => name).join(', ')
    mistakes.push(partAt(at, null, `has ${instance.length} values, expected ${features.length}: ${order}`))
    return null
  }
  if (typeof instance !== 'object' || instance === null) {
    mistakes.push(partAt(at, null, `must be an object or a row of values, received ${JSON.stringify(instance)}`))
    return null
  }
  const fields = instance as Record<string, unknown> // a JSON object
  for (const key of Object.keys(fields)) {
    if (!features.some(({ name }) => name === key)) {
      mistakes.push(partAt(at, key, `is no feature of this model; its features are ${nameList(features)}`))
    }
  }
  return {
    isObject: true,
    values: features.map(({ name }) => (Object.hasOwn(fields, name) ? fields[name] : undefined)),
  }
}

/** Writes one field; what is wrong with it in words, or null. */
function writeField(feature: Feature, column: Column, row: number, value: unknown, isObject: boolean): string | null {
  if (value === undefined || value === null) {
    if (feature.required) return missingSentence(value, isObject)
    column.missing(row)
    return null
  }
  return column.write(row, value) ? null : `must be ${column.expected}, received ${JSON.stringify(value)}`
}

function missingSentence(value: null | undefined, isObject: boolean): string {
  if (value === undefined && isObject) return 'is required'
  return 'must not be null: the training named no policy for missing values (missing_values: mean, median, …)'
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

function nameList(features: readonly Feature[]): string {
  return features.map(({ name }) => name).join(', ')
}

function quoted(text: string): string {
  return JSON.stringify(text)
}

function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
