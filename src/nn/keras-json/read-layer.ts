/** One layer of a Keras JSON as a layer of a definition. */
import type { TUnsafe } from 'typebox'
import { escapeKey } from '../../mistakes.ts'
import { constraints } from '../constraints/index.ts'
import { initializers } from '../initializers/index.ts'
import { layers } from '../layers/index.ts'
import type { Layer } from '../layers/layer.ts'
import { regularizers } from '../regularizers/index.ts'
import { propertiesOf } from '../strict.ts'
import { classAliases, isWithoutEffect, namedOf, own, renamed } from './dialect.ts'
import { isObject, isSerialized, type JsonObject, type Serialized } from './json.ts'
import type { Origins } from './origins.ts'
import { cellAt, cellOf } from './recurrent-cells.ts'

/** A layer before it is checked. */
export type RawLayer = { readonly type: string; readonly [argument: string]: unknown }

/** Layers inside of layers, at most: a wrapper in a wrapper is rare enough. */
const deepest = 8

/**
 * The layer of `{ class_name, config }`, which stands at `origin` and becomes the definition's `pointer`; null where it
 * cannot be read, which `origins` notes.
 */
export function readLayer(
  json: unknown,
  pointer: string,
  origin: string,
  origins: Origins,
  depth = 0,
): RawLayer | null {
  origins.set(pointer, origin)
  if (!isSerialized(json)) {
    origins.mistake(origin, 'a layer is an object with class_name and config')
    return null
  }
  if (classOf(json) === 'RNN' && !isCustom(json)) {
    const read = cellOf(json)
    if (typeof read !== 'string')
      return cellAt(readLayer(read, pointer, origin, origins, depth), { pointer, origin }, origins)
    origins.mistake(`${origin}/config/cell`, read)
    return null
  }
  const type = isCustom(json) ? String((json as { registered_name?: unknown }).registered_name) : classOf(json)
  const layer = layerOfClass(type)
  if (!layer || type === 'Shared' || depth > deepest) {
    const known = Object.keys(layers).filter((name) => name !== 'Shared')
    const reason =
      depth > deepest
        ? 'layers are nested too deeply'
        : `no layer has the class ${JSON.stringify(type)}; known are ${known.join(', ')}`
    origins.mistake(`${origin}/class_name`, reason)
    return null
  }
  origins.set(`${pointer}/type`, `${origin}/class_name`)
  const read = (key: string, value: unknown, at: { pointer: string; origin: string }) =>
    layer.wraps?.includes(key) && value !== null
      ? (readLayer(value, at.pointer, at.origin, origins, depth + 1) ?? undefined)
      : readArgument(key, value, at, origins)
  const given = type === 'Input' ? inputArguments(json.config) : json.config
  const args = readArguments(given, layer.config, { pointer, origin: `${origin}/config` }, origins, read, renamed[type])
  if (type === 'Input') locateShape(json.config, { pointer, origin: `${origin}/config` }, origins)
  return { type, ...args }
}

const classOf = ({ class_name }: Serialized) => own(classAliases, class_name) ?? class_name

/** Classes of other people are registered as `package>class`, and may have the name of one of Keras' own. */
function isCustom(json: object): boolean {
  const { registered_name } = json as { registered_name?: unknown }
  return typeof registered_name === 'string' && registered_name.includes('>')
}

function layerOfClass(type: string): Layer | null {
  return Object.hasOwn(layers, type) ? layers[type as keyof typeof layers] : null
}

interface At {
  readonly pointer: string
  readonly origin: string
}

/** The arguments that the schema knows, and those that it should refuse: what has no effect is left out. */
function readArguments(
  config: JsonObject,
  schema: TUnsafe,
  { pointer, origin }: At,
  origins: Origins,
  read: (key: string, value: unknown, at: At) => unknown,
  names: Readonly<Record<string, string>> = {},
): JsonObject {
  const known = propertiesOf(schema)
  const entries = Object.entries(config).flatMap(([argument, value]) => {
    const key = own(names, argument) ?? argument
    if (!Object.hasOwn(known, key) && isWithoutEffect(key, value)) return []
    const at = { pointer: `${pointer}/${escapeKey(key)}`, origin: `${origin}/${escapeKey(argument)}` }
    origins.set(at.pointer, at.origin)
    const result = read(key, value, at)
    return result === undefined ? [] : [[key, result] as const]
  })
  return Object.fromEntries(entries)
}

/** Keras gives the shape with the batch; where an axis is open, the data say how long it is. */
function inputArguments({ batch_shape, batch_input_shape, shape, ...rest }: JsonObject): JsonObject {
  const withBatch = batch_shape ?? batch_input_shape
  return { ...rest, shape: Array.isArray(withBatch) ? sampleShape(withBatch) : (shape ?? null) }
}

/** Mistakes in the shape of an input stand one place further behind the batch. */
function locateShape({ batch_shape, batch_input_shape }: JsonObject, { pointer, origin }: At, origins: Origins): void {
  const withBatch = batch_shape ?? batch_input_shape
  if (!Array.isArray(withBatch)) return
  const from = `${origin}/${batch_shape ? 'batch_shape' : 'batch_input_shape'}`
  origins.set(`${pointer}/shape`, from)
  for (let i = 1; i < withBatch.length; i++) origins.set(`${pointer}/shape/${i - 1}`, `${from}/${i}`)
}

/** The shape of a sample; null stands for an open axis. */
export function sampleShape(withBatch: readonly unknown[]): readonly unknown[] {
  return withBatch.slice(1)
}

const tables = { initializer: initializers, regularizer: regularizers, constraint: constraints }

/** Functions and objects of Keras as names and arguments; one value in a list where a number is meant. */
function readArgument(key: string, value: unknown, at: At, origins: Origins): unknown {
  if (isObject(value) && value.class_name === 'function') return value.config
  if (isSerialized(value)) return readNamed(key, value, at, origins)
  if (typeof value === 'string' && /^[A-Z]/.test(value) && tableFor(key)) return namedOf(value)
  // Keras 2 writes the axis of a BatchNormalization, Keras 3 the output_shape of an attention as lists
  const isOneInList = Array.isArray(value) && value.length === 1 && typeof value[0] === 'number'
  return isOneInList && (key === 'axis' || key === 'output_shape') ? value[0] : value
}

function tableFor(key: string) {
  const kind = key.slice(key.lastIndexOf('_') + 1)
  return Object.hasOwn(tables, kind) ? tables[kind as keyof typeof tables] : null
}

/** An initializer, regularizer or constraint. */
function readNamed(key: string, { class_name, config }: Serialized, at: At, origins: Origins): unknown {
  const name = namedOf(class_name)
  const table = tableFor(key)
  const thing = table && Object.hasOwn(table, name) ? table[name] : undefined
  if (!thing) {
    const known = table ? `; known are ${Object.keys(table).join(', ')}` : ''
    origins.mistake(`${at.origin}/class_name`, `${JSON.stringify(class_name)} is not known here${known}`)
    return undefined
  }
  origins.set(`${at.pointer}/name`, `${at.origin}/class_name`)
  const inside = { pointer: at.pointer, origin: `${at.origin}/config` }
  return { name, ...readArguments(config, thing.config, inside, origins, (_key, value) => arrayOf(value)) }
}

/** Keras wraps arrays: `{ class_name: "__numpy__", config: { value, dtype } }`. */
function arrayOf(value: unknown): unknown {
  return isSerialized(value) && /^__(numpy|tensor)__$/.test(value.class_name) ? value.config.value : value
}
