/**
 * Schemas whose unions are compiled once. Most layers take the same initializers, regularizers, constraints and activations
 * in several arguments, and Ajv writes a union out anew at each of them, which is most of what a validator takes to compile.
 */

/** Unions shorter than this are no more work than the reference to them. */
const longFrom = 200

/** Told to people and to fillDefaults, not to a validator: they stay where the union is used. */
const notes = ['default', 'description', 'examples']

/**
 * The schema with each long union replaced by a reference. `share` gives the name of a union, and is asked again for the
 * same one. What stands inside of a union stays there.
 */
export function withSharedUnions(schema: object, share: (union: object) => string): object {
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === 'properties' ? sharedIn(value, share) : value]),
  )
}

function sharedIn(properties: Readonly<Record<string, object>>, share: (union: object) => string) {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      const isNote = ([key]: readonly [string, unknown]) => notes.includes(key)
      const union = Object.fromEntries(Object.entries(schema).filter((entry) => !isNote(entry)))
      if (!('anyOf' in union || 'oneOf' in union) || JSON.stringify(union).length < longFrom) return [name, schema]
      return [name, { $ref: share(union), ...Object.fromEntries(Object.entries(schema).filter(isNote)) }]
    }),
  )
}
