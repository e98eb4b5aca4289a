/**
 * Whether a value certainly fits a schema, found by walking both side by side. Most definitions have no mistake, and to say
 * so takes no compiled validator, which is most of what the first definition of a process would wait for.
 */

type Schema = Readonly<Record<string, unknown>>
type Keyword = (expected: never, value: unknown, schema: Schema) => boolean
type JsonObject = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: Number.isFinite,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
}

/** Keywords that say nothing about values of other types. */
const ofNumbers = (holds: (value: number, limit: number) => boolean) => (limit: number, value: unknown) =>
  typeof value !== 'number' || holds(value, limit)
const ofTexts = (holds: (length: number, limit: number) => boolean) => (limit: number, value: unknown) =>
  typeof value !== 'string' || holds([...value].length, limit)
const ofLists = (holds: (length: number, limit: number) => boolean) => (limit: number, value: unknown) =>
  !Array.isArray(value) || holds(value.length, limit)
const note = () => true

const atLeast = (value: number, limit: number) => value >= limit
const atMost = (value: number, limit: number) => value <= limit

/** What the schemas of definitions are made of: whether a value holds what stands at the keyword. */
export const keywords: Readonly<Record<string, Keyword>> = {
  type: (expected: string | readonly string[], value) =>
    [expected].flat().some((type) => types[type as string]?.(value) ?? false),
  const: (expected: unknown, value) => value === expected,
  enum: (expected: readonly unknown[], value) => expected.includes(value),
  anyOf: (branches: readonly Schema[], value) => branches.some((branch) => fits(branch, value)),
  oneOf: (branches: readonly Schema[], value, { discriminator }) => fitsTagged(branches, value, discriminator),
  discriminator: note,
  properties: (properties: Readonly<Record<string, Schema>>, value) =>
    !isObject(value) ||
    Object.entries(properties).every(([key, schema]) => !Object.hasOwn(value, key) || fits(schema, value[key])),
  required: (names: readonly string[], value) =>
    !isObject(value) || names.every((name) => Object.hasOwn(value, name) && value[name] !== undefined),
  additionalProperties: (allowed: unknown, value, { properties = {} }) =>
    allowed === true ||
    (allowed === false &&
      (!isObject(value) || Object.keys(value).every((key) => Object.hasOwn(properties as object, key)))),
  items: (schema: Schema, value) => !Array.isArray(value) || value.every((item) => fits(schema, item)),
  minItems: ofLists(atLeast),
  maxItems: ofLists(atMost),
  uniqueItems: (_: boolean, value) =>
    !Array.isArray(value) || (value.every((item) => typeof item !== 'object') && new Set(value).size === value.length),
  minimum: ofNumbers(atLeast),
  maximum: ofNumbers(atMost),
  exclusiveMinimum: ofNumbers((value, limit) => value > limit),
  exclusiveMaximum: ofNumbers((value, limit) => value < limit),
  minLength: ofTexts(atLeast),
  maxLength: ofTexts(atMost),
  default: note,
  description: note,
  examples: note,
  'x-instead': note,
}

/**
 * True where the value fits. False where it does not, and where the schema holds something that is not known here: then
 * a validator has to say.
 */
export function fits(schema: object, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, expected]) => {
    const holds = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined
    // a keyword and what stands at it belong together in every schema
    return holds?.(expected as never, value, schema as Schema) ?? false
  })
}

/** The branch whose tag the value carries decides alone. */
function fitsTagged(branches: readonly Schema[], value: unknown, discriminator: unknown): boolean {
  const tag = (discriminator as { propertyName?: string } | undefined)?.propertyName
  if (tag === undefined || !isObject(value)) return false
  const meant = branches.find(({ properties }) => {
    const named = (properties as Readonly<Record<string, Schema>> | undefined)?.[tag]
    return named !== undefined && typeof value[tag] === 'string' && fits(named, value[tag])
  })
  return meant !== undefined && fits(meant, value)
}
