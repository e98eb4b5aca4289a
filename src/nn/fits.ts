/**
 * Whether a value certainly fits a schema, found by walking both side by side. Most requests have no mistake, and to say so
 * takes no compiled validator, which is most of what the first definition of a process would wait for.
 */

type Schema = Readonly<Record<string, unknown>>
type JsonObject = Readonly<Record<string, unknown>>

/** Null where the schema holds something that is not known here. */
type Verdict = boolean | null
type Keyword = (expected: never, value: unknown, schema: Schema) => Verdict

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

/** All hold; lazily, as a wrong type makes the rest of a schema meaningless. */
function all<T>(items: readonly T[], judge: (item: T) => Verdict): Verdict {
  let verdict: Verdict = true
  for (const item of items) {
    const one = judge(item)
    if (one === false) return false
    verdict = one && verdict
  }
  return verdict
}

const opposite = (verdict: Verdict): Verdict => (verdict === null ? null : !verdict)
const any = <T>(items: readonly T[], judge: (item: T) => Verdict): Verdict =>
  opposite(all(items, (item) => opposite(judge(item))))

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

const isList = (value: unknown) => typeof value === 'object' && value !== null

/** Equality of what is no list and no object; those are for the validator. */
const equals = (value: unknown, expected: unknown): Verdict =>
  isList(value) && isList(expected) ? null : value === expected

/** What the schemas of requests are made of: whether a value holds what stands at the keyword. */
export const keywords: Readonly<Record<string, Keyword>> = {
  type: (expected: string | readonly string[], value) =>
    [expected].flat().some((type) => types[type as string]?.(value) ?? false),
  const: (expected: unknown, value) => equals(value, expected),
  enum: (expected: readonly unknown[], value) => any(expected, (one) => equals(value, one)),
  allOf: (branches: readonly Schema[], value) => all(branches, (branch) => judge(branch, value)),
  anyOf: (branches: readonly Schema[], value) => any(branches, (branch) => judge(branch, value)),
  oneOf: (branches: readonly Schema[], value, { discriminator }) => judgeTagged(branches, value, discriminator),
  discriminator: note,
  not: (schema: Schema, value) => opposite(judge(schema, value)),
  // without `then`, which no schema here has
  if: (schema: Schema, value, { else: otherwise = {} }) => {
    const condition = judge(schema, value)
    return condition === false ? judge(otherwise as Schema, value) : condition
  },
  else: note,
  properties: (properties: Readonly<Record<string, Schema>>, value) =>
    !isObject(value) ||
    all(Object.entries(properties), ([key, schema]) => !Object.hasOwn(value, key) || judge(schema, value[key])),
  required: (names: readonly string[], value) =>
    !isObject(value) || names.every((name) => Object.hasOwn(value, name) && value[name] !== undefined),
  patternProperties: (patterns: Readonly<Record<string, Schema>>, value) =>
    !isObject(value) ||
    all(Object.entries(patterns), ([pattern, schema]) =>
      all(Object.entries(value), ([key, item]) => !new RegExp(pattern, 'u').test(key) || judge(schema, item)),
    ),
  additionalProperties: (further: boolean | Schema, value, { properties = {}, patternProperties }) => {
    if (further === true || !isObject(value)) return true
    if (patternProperties !== undefined) return null
    const keys = Object.keys(value).filter((key) => !Object.hasOwn(properties as object, key))
    return further === false ? keys.length === 0 : all(keys, (key) => judge(further, value[key]))
  },
  minProperties: (least: number, value) => !isObject(value) || Object.keys(value).length >= least,
  items: (schema: Schema, value) => !Array.isArray(value) || all(value, (item) => judge(schema, item)),
  minItems: ofLists(atLeast),
  maxItems: ofLists(atMost),
  uniqueItems: (_: boolean, value) =>
    !Array.isArray(value) || (value.some(isList) ? null : new Set(value).size === value.length),
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
  return judge(schema, value) === true
}

function judge(schema: object, value: unknown): Verdict {
  return all(Object.entries(schema), ([keyword, expected]) => {
    const holds = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined
    // a keyword and what stands at it belong together in every schema
    return holds === undefined ? null : holds(expected as never, value, schema as Schema)
  })
}

/** The branch whose tag the value carries decides alone. */
function judgeTagged(branches: readonly Schema[], value: unknown, discriminator: unknown): Verdict {
  const tag = (discriminator as { propertyName?: string } | undefined)?.propertyName
  if (tag === undefined) return null
  if (!isObject(value)) return false
  const meant = branches.find(({ properties }) => {
    const named = (properties as Readonly<Record<string, Schema>> | undefined)?.[tag]
    return named !== undefined && typeof value[tag] === 'string' && fits(named, value[tag])
  })
  return meant !== undefined && judge(meant, value)
}
