/** The layers of a functional model with their calls; models among them are unfolded into their layers. */
import { isObject, isSerialized, type JsonObject } from './json.ts'
import { type Call, callFromZero, readCalls, readEnds, type TensorRef } from './nodes.ts'
import type { Origins } from './origins.ts'

export interface Entry {
  readonly json: JsonObject
  /** Unique; that of a layer in a model in the model is `<model>/<layer>`. */
  readonly name: string
  readonly origin: string
  /** None for an input, which nobody calls. */
  readonly calls: readonly Call[]
}

export interface Entries {
  readonly entries: readonly Entry[]
  /** Tensors that are others: what a model inside gives is what one of its layers gives. By `keyOf`. */
  readonly aliases: ReadonlyMap<string, TensorRef>
}

/** Models inside of models, at most. */
const deepest = 8
const functional = new Set(['Functional', 'Model'])

export const isFunctional = (json: unknown): boolean => isSerialized(json) && functional.has(json.class_name)
const isModel = (json: unknown): boolean =>
  isFunctional(json) || (isSerialized(json) && json.class_name === 'Sequential')

export const keyOf = ({ layer, call, output }: TensorRef) => `${call} ${output} ${layer}`

const nameIn = (json: unknown): unknown =>
  isObject(json) ? (json.name ?? (isObject(json.config) ? json.config.name : null)) : null

/** The layers of a functional model's config, which stands at `origin`; null where one cannot be read. */
export function functionalEntries(config: JsonObject, origin: string, origins: Origins, depth = 0): Entries | null {
  if (!Array.isArray(config.layers)) {
    origins.mistake(`${origin}/layers`, 'is a list of layers')
    return null
  }
  const models = new Set(config.layers.filter(isModel).map(nameIn))
  const entries = config.layers.map((json: unknown, i): Entry | null => {
    const name = nameIn(json)
    const calls = isObject(json) ? readCalls(json.inbound_nodes, (layer) => models.has(layer)) : null
    const at = `${origin}/layers/${i}`
    if (isObject(json) && typeof name === 'string' && calls) return { json, name, origin: at, calls }
    origins.mistake(at, 'a layer of a functional model is an object with class_name, config, name and inbound_nodes')
    return null
  })
  const known = entries.filter((entry) => entry !== null)
  return known.length < entries.length ? null : unfold(known, origins, depth)
}

/** A chain of layers, each calling the next; `source` feeds the first, and its inputs where that is null. */
export function chainEntries(
  layers: readonly { json: unknown; origin: string }[],
  source: TensorRef | null,
  origins: Origins,
  depth = 0,
): Entries | null {
  const entries: Entry[] = []
  let before = source
  for (const { json, origin } of layers) {
    const isInput = isSerialized(json) && json.class_name === 'InputLayer'
    if (isInput && source) continue
    const name = nameIn(json)
    if (!isObject(json) || typeof name !== 'string' || (!before && !isInput)) {
      origins.mistake(
        origin,
        before || isInput
          ? 'a layer is an object with class_name, config and a name'
          : 'the first layer beside a model is an InputLayer',
      )
      return null
    }
    const call = before && { inputs: [before], masks: [], settings: {}, loose: [], isNumberFirst: false }
    entries.push({ json, name, origin, calls: call ? [call] : [] })
    before = { layer: name, call: 0, output: 0 }
  }
  return unfold(entries, origins, depth)
}

function unfold(entries: readonly Entry[], origins: Origins, depth: number): Entries | null {
  const parts = entries.map((entry) =>
    isModel(entry.json) ? unfoldModel(entry, origins, depth) : { entries: [entry], aliases: new Map() },
  )
  const known = parts.filter((part) => part !== null)
  if (known.length < parts.length) return null
  return {
    entries: known.flatMap((part) => part.entries),
    aliases: new Map(known.flatMap((part) => [...part.aliases])),
  }
}

function unfoldModel(entry: Entry, origins: Origins, depth: number): Entries | null {
  const { json, origin, calls } = entry
  const config = json.config as JsonObject // a model is one that is written down
  if (calls.length === 0 || depth >= deepest) {
    origins.mistake(origin, depth >= deepest ? 'models are nested too deeply' : 'a model in a model is called')
    return null
  }
  const layers = Array.isArray(config.layers) ? config.layers : []
  const chain = layers.map((inner: unknown, i) => ({ json: inner, origin: `${origin}/config/layers/${i}` }))
  const outer: TensorRef = { layer: '', call: 0, output: 0 }
  const read = isFunctional(json)
    ? functionalEntries(config, `${origin}/config`, origins, depth + 1)
    : chainEntries(chain, outer, origins, depth + 1)
  if (!read) return null
  const inputs = isFunctional(json) ? (readEnds(config.input_layers) ?? []) : []
  const last = layers.at(-1)
  const outputs = isFunctional(json)
    ? (endsOf(config, 'output_layers') ?? [])
    : [{ layer: String(nameIn(last)), call: 0, output: 0 }]
  return calledModel(entry, read, inputs, outputs)
}

/** The layers of a model under its name; each call of the model calls all of them once more. */
function calledModel(
  { name, calls }: Entry,
  read: Entries,
  inputs: readonly TensorRef[],
  outputs: readonly TensorRef[],
): Entries {
  const fed = new Set(inputs.map(({ layer }) => layer))
  const own = read.entries.filter((entry) => !fed.has(entry.name))
  const counts = new Map(own.map((entry) => [entry.name, entry.calls.length]))
  const turns = calls.map((call, turn) => {
    const inside = (ref: TensorRef): TensorRef => {
      const count = counts.get(ref.layer)
      if (count === undefined) return { ...ref, layer: `${name}/${turn}/${ref.layer}` } // an input or a model: an alias
      return { ...ref, layer: `${name}/${ref.layer}`, call: turn * count + ref.call }
    }
    const feed = (ref: TensorRef): TensorRef => (ref.layer === '' ? (call.inputs[0] ?? ref) : inside(ref))
    return { call, turn, inside, feed }
  })
  return {
    entries: own.map((entry) => ({
      ...entry,
      name: `${name}/${entry.name}`,
      calls: turns.flatMap(({ feed }) =>
        entry.calls.map((one) => ({ ...one, inputs: one.inputs.map(feed), masks: one.masks.map(feed) })),
      ),
    })),
    aliases: new Map(
      turns.flatMap(({ call, turn, inside, feed }) => [
        ...[...read.aliases].map(([key, ref]) => [keyOf(inside(refOfKey(key))), feed(ref)] as const),
        ...inputs.map((ref, i) => [keyOf(inside(ref)), call.inputs[i] ?? ref] as const),
        ...outputs.map((ref, i) => [keyOf({ layer: name, call: turn, output: i }), inside(ref)] as const),
      ]),
    ),
  }
}

/** The tensor of a key. */
function refOfKey(key: string): TensorRef {
  const [call, output, ...layer] = key.split(' ')
  return { layer: layer.join(' '), call: Number(call), output: Number(output) }
}

/**
 * The inputs or outputs of a functional model. Keras counts the calls of a functional model in it from 1 there, since its
 * own layers are a first call of it, and Keras 2 does so everywhere and for a Sequential, too; here they count from 0.
 */
export function endsOf(config: JsonObject, key: 'input_layers' | 'output_layers'): readonly TensorRef[] | null {
  const layers = Array.isArray(config.layers) ? config.layers : []
  const models = new Set(layers.filter((json: unknown) => isFunctional(json) || isModelOf2(json)).map(nameIn))
  return readEnds(config[key])?.map((ref) => (models.has(ref.layer) ? callFromZero(ref) : ref)) ?? null
}

/** Keras 2 writes a call as a list. */
const isModelOf2 = (json: unknown): boolean =>
  isModel(json) && isObject(json) && Array.isArray(json.inbound_nodes) && Array.isArray(json.inbound_nodes[0])

/** The tensor that an alias stands for in the end. */
export function followAliases(ref: TensorRef, aliases: Entries['aliases']): TensorRef {
  let found = ref
  for (let steps = 0; steps <= aliases.size; steps++) {
    const next = aliases.get(keyOf(found))
    if (!next) return found
    found = next
  }
  return found
}
