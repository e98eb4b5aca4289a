/**
 * Makes the OpenAPI document small: a schema that stands in several places moves into `components.schemas`, and a `$ref`
 * stands in each place. Validators keep the schemas as they are; only the document changes.
 */

type Json = Readonly<Record<string, unknown>>

/** Shorter schemas (a number and its limits) stay where they are: a reference would only be harder to read. */
const sharedFromCharacters = 200

/** The document with repeated schemas as components; the same document gives the same names. */
export function shareSchemas(document: Json): Json {
  const places = countPlaces(document.paths)
  const taken = new Map<string, string>()
  const components: Record<string, unknown> = {}
  const share = (value: unknown, hint: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => share(item, hint))
    if (!isObject(value)) return value
    const text = JSON.stringify(value)
    const known = taken.get(text)
    if (known !== undefined) return reference(known)
    if (!isSchema(value) || (places.get(text) ?? 0) < 2) return within(value, hint)
    const name = freeName(nameOf(value, hint), components)
    taken.set(text, name)
    components[name] = null // keeps the name while the parts are named
    components[name] = within(value, hint)
    return reference(name)
  }
  const within = (value: Json, hint: string) => {
    const own = typeof value.operationId === 'string' ? value.operationId : hint
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, share(inner, hintOf(key, own))]))
  }
  const paths = share(document.paths, 'schema')
  if (Object.keys(components).length === 0) return document
  const before = isObject(document.components) ? document.components : {}
  const named = isObject(before.schemas) ? before.schemas : {}
  return { ...document, paths, components: { ...before, schemas: { ...named, ...components } } }
}

/** In how many places each long schema stands; what lies inside of one that repeats counts once. */
function countPlaces(root: unknown): Map<string, number> {
  const places = new Map<string, number>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value) visit(item)
      return
    }
    if (!isObject(value)) return
    const text = JSON.stringify(value)
    const before = places.get(text) ?? 0
    if (isSchema(value) && text.length >= sharedFromCharacters) places.set(text, before + 1)
    if (before === 0) for (const inner of Object.values(value)) visit(inner)
  }
  visit(root)
  return places
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `type` alone may be the name of a property (that of a layer); as a keyword it is a text or a list. */
function isSchema(value: Json): boolean {
  return typeof value.type === 'string' || Array.isArray(value.anyOf) || Array.isArray(value.oneOf)
}

/** By its `type` or `name` where it has one of its own (`Dense`, `adam`), else after the property it stands at. */
function nameOf({ properties }: Json, hint: string): string {
  const { type, name } = isObject(properties) ? properties : {}
  return soleValue(type) ?? soleValue(name) ?? hint
}

/** The only text that a schema takes. */
function soleValue(schema: unknown): string | undefined {
  if (!isObject(schema)) return undefined
  const value = Array.isArray(schema.enum) && schema.enum.length === 1 ? schema.enum[0] : schema.const
  return typeof value === 'string' ? value : undefined
}

/** What says nothing about the schema that stands there. */
const frames = new Set([
  ...['properties', 'items', 'anyOf', 'oneOf', 'allOf', 'additionalProperties', 'schema'],
  ...['requestBody', 'responses', 'parameters', 'content'],
])

/** `kernel_initializer` and `bias_initializer` are initializers. */
function hintOf(key: string, before: string): string {
  if (frames.has(key) || !/^[A-Za-z][\w.-]*$/.test(key)) return before
  return /_(initializer|regularizer|constraint)$/.exec(key)?.[1] ?? key
}

function freeName(name: string, taken: Json): string {
  let free = name
  for (let i = 2; free in taken; i++) free = `${name}-${i}`
  return free
}

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` })
