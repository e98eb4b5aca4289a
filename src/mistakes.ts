/** Ajv's errors as the mistakes of a problem: complete pointers, one mistake for one fault, what was expected and received. */
import type { ErrorObject } from 'ajv'
import type { ProblemPart } from './errors.ts'

const maxMistakes = 50

/** How a received value is shown in a sentence: JSON, cut to a readable length. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/** `/layers/0/units` as `layers[0].units`, the way a person writes it. */
export function placeOf(pointer: string): string {
  const keys = pointer.split('/').slice(1).map(unescapeKey)
  const place = keys.map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`)).join('')
  return place.replace(/^\./, '') || 'the body'
}

/** A key as it stands in a JSON pointer (RFC 6901). */
export function escapeKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** The key of a part of a JSON pointer. */
export function unescapeKey(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~')
}

function list(values: readonly unknown[]): string {
  return values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(', ')
}

/** `parentSchema` is what Ajv hands over in verbose mode; only the parts read here are named. */
interface SchemaPart {
  properties?: Record<string, { const?: unknown; enum?: unknown[] }>
  oneOf?: SchemaPart[]
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  /** What to use in place of a value that is not taken. */
  'x-instead'?: string
}

function schemaOf(error: ErrorObject): SchemaPart {
  return (error.parentSchema ?? {}) as SchemaPart // a JSON schema of ours; every part read is optional
}

const typeNames: Record<string, string> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a number',
  integer: 'an integer',
  boolean: 'true or false',
  null: 'null',
}

function typeSentence(type: unknown): string {
  const types = Array.isArray(type) ? type : String(type).split(',')
  return types.map((name) => typeNames[name] ?? name).join(' or ')
}

function tagsOf(error: ErrorObject): unknown[] {
  const { tag } = error.params as { tag: string } // Ajv: discriminator errors carry the tag's name
  return (schemaOf(error).oneOf ?? []).flatMap((branch) => {
    const property = branch.properties?.[tag]
    return property?.enum ?? [property?.const]
  })
}

const optionsOf = ({ params: { allowedValues } }: ErrorObject) =>
  allowedValues.length === 1 ? list(allowedValues) : `one of ${list(allowedValues)}`

function insteadOf(error: ErrorObject): string {
  const instead = schemaOf(error)['x-instead']
  return instead === undefined ? '' : `; ${instead}`
}

/** Keyword → the sentence after the place. Anything else keeps Ajv's own words. */
const sentences: Record<string, (error: ErrorObject) => string> = {
  type: ({ params, data }) => `must be ${typeSentence(params.type)}, received ${shown(data)}`,
  required: () => 'is required',
  additionalProperties: (error) =>
    `is not known here; known are ${list(Object.keys(schemaOf(error).properties ?? {})) || 'none'}`,
  enum: (error) => `must be ${optionsOf(error)}, received ${shown(error.data)}${insteadOf(error)}`,
  const: ({ params, data }) => `must be ${shown(params.allowedValue)}, received ${shown(data)}`,
  pattern: ({ params, data }) => `must match ${params.pattern}, received ${shown(data)}`,
  minLength: ({ params, data }) => `must have at least ${params.limit} characters, received ${shown(data)}`,
  maxLength: ({ params, data }) => `must have at most ${params.limit} characters, received ${String(data).length}`,
  minItems: ({ params }) => `must have at least ${params.limit} items`,
  maxItems: ({ params }) => `must have at most ${params.limit} items`,
  minimum: ({ params, data }) => `must be ≥ ${params.limit}, received ${shown(data)}`,
  maximum: ({ params, data }) => `must be ≤ ${params.limit}, received ${shown(data)}`,
  exclusiveMinimum: ({ params, data }) => `must be > ${params.limit}, received ${shown(data)}`,
  exclusiveMaximum: ({ params, data }) => `must be < ${params.limit}, received ${shown(data)}`,
  discriminator: (error) =>
    error.params.tagValue === undefined
      ? `is required; known are ${list(tagsOf(error))}`
      : `must be one of ${list(tagsOf(error))}, received ${shown(error.params.tagValue)}`,
}

/** Keyword → the key that Ajv leaves out of the pointer (it points at the parent of a missing or extra key). */
const keyOf: Record<string, (error: ErrorObject) => string> = {
  required: ({ params }) => params.missingProperty,
  additionalProperties: ({ params }) => params.additionalProperty,
  discriminator: ({ params }) => params.tag,
}

function pointerOf(error: ErrorObject): string {
  const key = keyOf[error.keyword]?.(error)
  return key === undefined ? error.instancePath : `${error.instancePath}/${escapeKey(key)}`
}

function isUnion({ keyword }: ErrorObject): boolean {
  return keyword === 'anyOf' || keyword === 'oneOf'
}

/** What a union would have taken, for the one sentence that stands for all its branches. */
function branchSentence(errors: readonly ErrorObject[]): string {
  const options = errors.map(({ keyword, params }) => {
    if (keyword === 'type') return typeSentence(params.type)
    return keyword === 'const' ? shown(params.allowedValue) : keyword === 'enum' ? list(params.allowedValues) : null
  })
  return [...new Set(options.filter((option) => option !== null))].join(' or ')
}

/**
 * Replaces the errors of every branch of a union by those of the branch that was meant: the one whose own type fits.
 * Where no branch fits, or several do, the union gives one error.
 */
function resolveUnions(errors: readonly ErrorObject[]): ErrorObject[] {
  let rest = [...errors]
  // Ajv lists inner errors before the union they belong to, so that inner unions are resolved first.
  for (const union of errors.filter(isUnion)) {
    // a union that several fields refer to has one path in the schema
    const inside = (error: ErrorObject) =>
      error !== union &&
      isBelow(error.schemaPath, union.schemaPath) &&
      isAtOrBelow(error.instancePath, union.instancePath)
    const branches = new Map<string, ErrorObject[]>()
    for (const error of rest.filter(inside)) {
      const branch = error.schemaPath.slice(union.schemaPath.length + 1).split('/')[0] ?? ''
      branches.set(branch, [...(branches.get(branch) ?? []), error])
    }
    const atTop = (error: ErrorObject) =>
      error.instancePath === union.instancePath && ['type', 'const', 'enum'].includes(error.keyword)
    const meant = [...branches.values()].filter((branch) => !branch.some(atTop))
    const kept = meant.length === 1 ? (meant[0] ?? []) : [withOptions(union, rest.filter(inside).filter(atTop))]
    rest = rest.filter((error) => error !== union && !inside(error))
    rest.push(...kept)
  }
  return rest
}

const isBelow = (path: string, other: string) => path.startsWith(`${other}/`)
const isAtOrBelow = (path: string, other: string) => path === other || isBelow(path, other)

function withOptions(union: ErrorObject, tops: readonly ErrorObject[]): ErrorObject {
  const options = branchSentence(tops)
  return options === '' ? union : { ...union, message: `must be ${options}, received ${shown(union.data)}` }
}

/** All mistakes of one part of a request, one a field, each with the pointer of the field itself. */
export function mistakesOf(errors: readonly ErrorObject[], where: ProblemPart['in']): ProblemPart[] {
  const byPointer = new Map<string, ProblemPart>()
  for (const error of resolveUnions(errors)) {
    if (error.keyword === 'if') continue // what is wrong stands in errors of its branch
    const pointer = pointerOf(error)
    const sentence = sentences[error.keyword]?.(error) ?? error.message ?? 'is not valid'
    const known = byPointer.has(pointer) && error.keyword !== 'discriminator' // which says more than `required`
    if (!known) byPointer.set(pointer, { in: where, pointer, detail: `${placeOf(pointer)} ${sentence}` })
  }
  return [...byPointer.values()].slice(0, maxMistakes)
}

/** The first mistake in words, and how many more there are. */
export function summarizeMistakes(mistakes: readonly ProblemPart[]): string {
  const more = mistakes.length > 1 ? ` (and ${mistakes.length - 1} more, see errors)` : ''
  return `${mistakes[0]?.detail ?? 'The request is not valid'}${more}`
}
