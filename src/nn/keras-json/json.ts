/** Narrowing of JSON of which nothing is known yet. */

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object of Keras as it is written down: its class and its arguments. */
export interface Serialized {
  readonly class_name: string
  readonly config: JsonObject
}

export function isSerialized(value: unknown): value is Serialized {
  return isObject(value) && typeof value.class_name === 'string' && isObject(value.config)
}
