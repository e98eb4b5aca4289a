/** The layers of a functional model with their calls; models among them are unfolded into their layers. */
import { isObject, isSerialized, type JsonObject } from './json.ts'
import { type Call, readCalls, readEnds, type TensorRef } from './nodes.ts'
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
  const entries = config.layers.map((json: unknown, i): Entry | null => {
    const name = nameIn(json)
    const calls = isObject(json) ? readCalls(json.inbound_nodes) : null
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

function unfoldModel({ json, name, origin, calls }: Entry, origins: Origins, depth: number): Entries | null {
  const [call] = calls
  const config = json.config as JsonObject // a model is one that is written down
  if (!call || calls.length > 1 || depth >= deepest) {
    const reason =
      depth >= deepest
        ? 'models are nested too deeply'
        : `a model in a model is called once here, received ${calls.length} calls`
    origins.mistake(origin, reason)
    return null
  }
  const inside = (ref: TensorRef): TensorRef => ({ ...ref, layer: `${name}/${ref.layer}` })
  const layers = Array.isArray(config.layers) ? config.layers : []
  const chain = layers.map((inner: unknown, i) => ({ json: inner, origin: `${origin}/config/layers/${i}` }))
  const outer: TensorRef = { layer: '', call: 0, output: 0 }
  const read = isFunctional(json)
    ? functionalEntries(config, `${origin}/config`, origins, depth + 1)
    : chainEntries(chain, outer, origins, depth + 1)
  if (!read) return null
  const isOuter = (ref: TensorRef) => ref.layer === ''
  const inputs = isFunctional(json) ? (readEnds(config.input_layers) ?? []) : []
  const last = layers.at(-1)
  const outputs = isFunctional(json)
    ? (readEnds(config.output_layers) ?? [])
    : [{ layer: String(nameIn(last)), call: 0, output: 0 }]
  const feed = (ref: TensorRef): TensorRef => (isOuter(ref) ? (call.inputs[0] ?? ref) : inside(ref))
  const fed = new Set(inputs.map(({ layer }) => layer))
  return {
    entries: read.entries
      .filter((entry) => !fed.has(entry.name))
      .map((entry) => ({
        ...entry,
        name: `${name}/${entry.name}`,
        calls: entry.calls.map((one) => ({ ...one, inputs: one.inputs.map(feed), masks: one.masks.map(feed) })),
      })),
    aliases: new Map([
      ...[...read.aliases].map(([key, ref]) => [insideKey(key, name), feed(ref)] as const),
      ...inputs.map((ref, i) => [keyOf(inside(ref)), call.inputs[i] ?? ref] as const),
      ...outputs.map((ref, i) => [keyOf({ layer: name, call: 0, output: i }), inside(ref)] as const),
    ]),
  }
}

/** The key of a tensor once its layer is named after the model around it. */
function insideKey(key: string, model: string): string {
  const [call = '', output = '', ...layer] = key.split(' ')
  return `${call} ${output} ${model}/${layer.join(' ')}`
}

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
