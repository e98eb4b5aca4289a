/** The schemas that every part of a definition is made of: strict objects whose defaults are told back. */
import { type Static, type TObject, type TProperties, type TSchema, type TUnsafe, Type } from 'typebox'

/**
 * An object that refuses keys it does not know. A property with a `default` may be left out of the JSON; its type is
 * that of the value with defaults filled in (`fillDefaults`), so that code never asks twice.
 */
export function Strict<P extends TProperties>(properties: P, description?: string): TUnsafe<Static<TObject<P>>> {
  const required = Object.entries(properties).flatMap(([key, schema]) =>
    'default' in schema || Type.IsOptional(schema) ? [] : [key],
  )
  const about = description === undefined ? {} : { description }
  return Type.Unsafe({ type: 'object', additionalProperties: false, required, properties, ...about })
}

/** The value with the defaults of the schema's own properties filled in, in the schema's order. */
export function fillDefaults<T extends object>(schema: TUnsafe<T>, value: object): T {
  const given = new Map(Object.entries(value))
  const entries = Object.entries(propertiesOf(schema)).flatMap(([key, property]) => {
    if (given.has(key)) return [[key, given.get(key)]]
    return 'default' in property ? [[key, property.default]] : []
  })
  return Object.fromEntries(entries) as T // the value was validated against this schema
}

/** The properties of an object schema. */
export function propertiesOf(schema: TSchema): Readonly<Record<string, TSchema & { default?: unknown }>> {
  return (schema as unknown as { properties?: Record<string, TSchema> }).properties ?? {}
}

/** The largest length of an axis and number of units: what 32-bit indices reach. */
export const maxLength = 2 ** 31 - 1

export const PositiveInteger = Type.Integer({ minimum: 1, maximum: maxLength })
export const NonNegative = Type.Number({ minimum: 0 })
export const AtLeastZero = (value: number, description?: string) =>
  Type.Number({ minimum: 0, default: value, ...(description === undefined ? {} : { description }) })
/** A decay rate, a momentum: 0 keeps nothing, 1 would never forget. */
export const Decay = (value: number) => Type.Number({ minimum: 0, exclusiveMaximum: 1, default: value })
export const Switch = (value: boolean, description?: string) =>
  Type.Boolean({ default: value, ...(description === undefined ? {} : { description }) })
/** A seed of one's own in place of the training's; null takes the training's. */
export const Seed = Type.Unsafe<number | null>({
  type: ['integer', 'null'],
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  default: null,
})
