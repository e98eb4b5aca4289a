/** Instances of a prediction request, checked against the version's signature, as tensors of raw values. */
import { nestedShape } from '../data/nested.ts'
import { pointer } from '../data/pointer.ts'
import { Problem, type ProblemPart, type Warning } from '../errors.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import { columnFor, type Field, type InputColumn } from './input-columns.ts'
import type { Feature } from './signature.ts'

const maxMistakes = 50

/** The model's inputs, each `[batch, 1]` (a tensor's `[batch, …shape]`), and what is worth telling about them. */
export interface EncodedInstances {
  readonly feeds: Record<string, Tensor>
  readonly warnings: Warning[]
}

/**
 * Prepares the reading of instances for a version: once when it is loaded, not at every request.
 * @returns the check and encoding of instances: objects by feature name, rows of values in the features' order, or bare tensors
 *   where the only feature is one;
 *   throws the Problem invalid_instance with the pointers of all mistakes (`/instances/0/n`)
 */
export function instanceReader(features: readonly Feature[]): (instances: readonly unknown[]) => EncodedInstances {
  const fields = features.map((feature): Field => ({ ...feature, known: new Set(feature.categories) }))
  const names = new Set(features.map(({ name }) => name))
  return (instances) => {
    assertFits(fields, instances.length)
    const mistakes: ProblemPart[] = []
    const rows = instances.map((instance, at) => rowOf(fields, names, instance, at, mistakes))
    const found: EncodedInstances = { feeds: {}, warnings: [] }
    fields.forEach((field, index) => {
      const column = columnFor(field, rows.length)
      found.feeds[field.input] = column.tensor
      rows.forEach((row, at) => {
        if (row === null) return
        const value = row.values[index]
        const key = row.form === 'object' ? field.name : row.form === 'row' ? String(index) : null
        const mistake = writeField(field, column, at, value, row.form)
        if (mistake !== null) mistakes.push(partAt(at, key, mistake))
        else if (isUnseen(field, value)) found.warnings.push(unseen(field, at, key ?? field.name, value))
      })
    })
    if (mistakes.length > 0) throw invalid(mistakes)
    return found
  }
}

/** One request is kept in memory whole: so many numbers, 512 MiB. Short sequences may be filled up to more. */
const mostNumbers = 2 ** 27

function assertFits(fields: readonly Field[], instances: number): void {
  const size = fields.reduce((sum, { shape = [] }) => sum + elementCount(shape), 0)
  if (size * instances <= mostNumbers) return
  const most = Math.floor(mostNumbers / size)
  const detail = `instances: ${instances} of ${size} numbers each are more than one request may hold; send up to ${most} at once`
  throw new Problem('invalid_instance', detail, { errors: [{ in: 'body', pointer: '/instances', detail }] })
}

/** An object by feature name, a row of values in the features' order, or the tensor of the only feature itself. */
type RowForm = 'object' | 'row' | 'bare'

/** An instance's values in the features' order; undefined where an object lacks the field. */
interface Row {
  readonly form: RowForm
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
    if (isBare(fields, instance)) return { form: 'bare', values: [instance] }
    if (instance.length === fields.length) return { form: 'row', values: instance }
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
  return { form: 'object', values }
}

/** As deep as a cell of the only feature: the cell itself; one deeper is a row of one value. */
function isBare(fields: readonly Field[], instance: readonly unknown[]): boolean {
  const [only, ...others] = fields
  if (only?.type !== 'tensor' || others.length > 0) return false
  return nestedShape(instance)?.length !== (only.shape?.length ?? 0) + 1
}

function isMissing({ type }: Field, value: unknown): boolean {
  return value === undefined || value === null || (type === 'category' && value === '')
}

function isUnseen(field: Field, value: unknown): boolean {
  return field.type === 'category' && !isMissing(field, value) && !field.known.has(String(value))
}

/** Writes one field; what is wrong with it in words, or null. */
function writeField(field: Field, column: InputColumn, row: number, value: unknown, form: RowForm): string | null {
  if (isMissing(field, value)) {
    if (field.required) return missingSentence(value, form)
    column.missing(row)
    return null
  }
  const received = column.write(row, value)
  return received === null ? null : `must be ${column.expected}, received ${received}`
}

function missingSentence(value: unknown, form: RowForm): string {
  if (value === undefined && form === 'object') return 'is required'
  return 'must not be missing: the training named no policy for missing values (missing_values: mean, median, …)'
}

function unseen(feature: Feature, row: number, key: string, value: unknown): Warning {
  const detail = `${feature.name}: ${JSON.stringify(value)} was not seen in training and counts as none of the known values`
  return { code: 'unseen_category', pointer: pointer('instances', row, key), detail }
}

function partAt(row: number, key: string | null, sentence: string): ProblemPart {
  const at = key === null ? pointer('instances', row) : pointer('instances', row, key)
  const place = key === null ? `instances[${row}]` : `instances[${row}].${key}`
  return { in: 'body', pointer: at, detail: `${place} ${sentence}` }
}

function invalid(mistakes: readonly ProblemPart[]): Problem {
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more, see errors)` : ''
  const detail = `${mistakes[0]?.detail}${more}`
  return new Problem('invalid_instance', detail, { errors: mistakes.slice(0, maxMistakes) })
}
