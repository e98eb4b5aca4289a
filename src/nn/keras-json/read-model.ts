/**
 * Models as Keras writes them (`model.to_json()` of versions 2 and 3, Sequential and Functional) as definitions. Weights
 * are no part of that JSON. `hard_sigmoid` is Keras 3's, whichever version wrote it.
 * @see https://keras.io/api/models/model_saving_apis/model_config_serialization/
 */
import { Problem } from '../../errors.ts'
import { summarizeMistakes } from '../../mistakes.ts'
import { type Definition, parseDefinition } from '../definition.ts'
import type { InputRef } from '../layers/layer.ts'
import { spreadModels } from './distributed-models.ts'
import {
  chainEntries,
  type Entries,
  type Entry,
  endsOf,
  followAliases,
  functionalEntries,
  isFunctional,
} from './entries.ts'
import { isObject, isSerialized, type JsonObject } from './json.ts'
import type { Call, TensorRef } from './nodes.ts'
import { readOperator } from './operators.ts'
import { atOrigins, createOrigins, type Origins } from './origins.ts'
import { withoutMasks } from './passed-masks.ts'
import { type RawLayer, readLayer, sampleShape } from './read-layer.ts'

export interface KerasModel {
  readonly definition: Definition
  /** A problem of the definition (a shape that does not fit) with pointers into the Keras JSON. */
  locate(problem: Problem): Problem
}

/**
 * The definition that a Keras JSON describes.
 * @throws {Problem} invalid_definition with pointers into the Keras JSON
 */
export function parseKerasJson(json: unknown): Definition {
  return readKerasJson(json).definition
}

/** As `parseKerasJson`, with the way back from pointers into the definition. */
export function readKerasJson(json: unknown): KerasModel {
  const spread = spreadModels(json)
  const origins = createOrigins(spread.settle)
  origins.set('', '/config')
  const raw = readModel(spread.json, origins)
  const { mistakes } = origins
  if (mistakes.length > 0) throw new Problem('invalid_definition', summarizeMistakes(mistakes), { errors: mistakes })
  const locate = (problem: Problem) => atOrigins(problem, origins)
  try {
    return { definition: parseDefinition(raw), locate }
  } catch (error) {
    throw error instanceof Problem ? locate(error) : error
  }
}

function readModel(json: unknown, origins: Origins): object | null {
  if (!isObject(json) || typeof json.class_name !== 'string') {
    origins.mistake('', 'is what model.to_json() gives: an object with class_name and config')
    return null
  }
  const { class_name, config } = json
  if (class_name === 'Sequential') return readSequential(json, origins)
  if (isFunctional(json) && isObject(config)) return readFunctional(config, origins)
  origins.mistake('/class_name', `is Sequential or Functional, received ${JSON.stringify(class_name)}`)
  return null
}

const nameOf = ({ name }: JsonObject) => (typeof name === 'string' ? { name } : {})

function readSequential({ config, build_config }: JsonObject, origins: Origins): object | null {
  // the first versions of Keras 2 wrote the layers alone
  const parts = Array.isArray(config) ? { layers: config as unknown } : isObject(config) ? config : {}
  const origin = Array.isArray(config) ? '/config' : '/config/layers'
  if (!Array.isArray(parts.layers)) {
    origins.mistake(origin, 'is a list of layers')
    return null
  }
  const given = parts.layers.flatMap((layer: unknown, i) => unfold(layer, `${origin}/${i}`))
  if (given.some(({ json }) => isFunctional(json))) return readChainOfModels(given, parts, origins)
  const first = given[0]?.json
  const input =
    isSerialized(first) && first.class_name !== 'InputLayer' ? inputBefore(first.config, parts, build_config) : null
  const start = input ? 1 : 0
  if (input) origins.set('/layers/0', origin)
  const layers = given.map(({ json, origin: at }, i) => readLayer(json, `/layers/${i + start}`, at, origins))
  return { ...nameOf(parts), layers: [...(input ? [input] : []), ...layers] }
}

/** A Sequential with functional models inside is a graph. */
function readChainOfModels(
  given: readonly { json: unknown; origin: string }[],
  model: JsonObject,
  origins: Origins,
): object | null {
  const ref = (json: unknown): TensorRef => {
    const config = isSerialized(json) ? json.config : {}
    return { layer: String(config.name), call: 0, output: 0 }
  }
  const [first, last] = [given[0], given.at(-1)]
  const ends = {
    inputs: { refs: [ref(first?.json)], origin: first?.origin ?? '' },
    outputs: { refs: [ref(last?.json)], origin: last?.origin ?? '' },
  }
  return readGraph(chainEntries(given, null, origins), model, ends, origins)
}

/** A Sequential inside of a Sequential is its layers, one after the other. */
function unfold(json: unknown, origin: string, depth = 0): { json: unknown; origin: string }[] {
  const isModel = isSerialized(json) && json.class_name === 'Sequential' && Array.isArray(json.config.layers)
  if (!isModel || depth > 8) return [{ json, origin }]
  const inner = json.config.layers as readonly unknown[]
  return inner.flatMap((layer, i) =>
    isSerialized(layer) && layer.class_name === 'InputLayer'
      ? []
      : unfold(layer, `${origin}/config/layers/${i}`, depth + 1),
  )
}

/** The input that a Sequential tells elsewhere: with its first layer, or as the shape that it was built for. */
function inputBefore(first: JsonObject, model: JsonObject, build: unknown): RawLayer | null {
  const built = isObject(build) ? build.input_shape : null
  const shape = first.batch_input_shape ?? model.build_input_shape ?? built
  return Array.isArray(shape) ? { type: 'Input', shape: sampleShape(shape) } : null
}

/** Layers with their calls as a graph of the definition. */
function readGraph(given: Entries | null, model: JsonObject, ends: Ends, origins: Origins): object | null {
  if (!given) return null // what the unread layers feed would only seem to be missing
  const outputs = Object.values(ends).flatMap(({ refs }) => refs ?? [])
  const read = withoutMasks(given, outputs, origins)
  const placed = placeCalls(read.entries)
  const named = new Map(placed.map(({ key, name }) => [key, name]))
  const refer = (ref: TensorRef, origin: string): InputRef => {
    const { layer, call, output } = followAliases(ref, read.aliases)
    const name = named.get(`${call} ${layer}`)
    if (name === undefined) origins.mistake(origin, `there is no call ${call} of a layer ${JSON.stringify(layer)}`)
    return output === 0 ? (name ?? layer) : { layer: name ?? layer, output }
  }
  const layers = placed.map((place, i) => readPlaced(place, `/layers/${i}`, refer, origins))
  const wired = Object.entries(ends).map(([key, { refs, origin }]) => {
    origins.set(`/${key}`, origin)
    if (!refs) origins.mistake(origin, 'is a list of [layer, call, output]')
    return [key, (refs ?? []).map((ref) => refer(ref, origin))] as const
  })
  return { ...nameOf(model), layers, ...Object.fromEntries(wired) }
}

type Ends = Readonly<Record<'inputs' | 'outputs', { refs: readonly TensorRef[] | null; origin: string }>>

function readFunctional(config: JsonObject, origins: Origins): object | null {
  const ends = {
    inputs: { refs: endsOf(config, 'input_layers'), origin: '/config/input_layers' },
    outputs: { refs: endsOf(config, 'output_layers'), origin: '/config/output_layers' },
  }
  return readGraph(functionalEntries(config, '/config', origins), config, ends, origins)
}

/** A layer, or a further call of one. */
interface Placed {
  readonly entry: Entry
  /** Null for an input, which nobody calls. */
  readonly call: Call | null
  readonly index: number
  readonly name: string
  readonly key: string
}

function placeCalls(entries: readonly Entry[]): Placed[] {
  const taken = new Set(entries.map(({ name }) => name))
  return entries.flatMap((entry) => {
    const calls = entry.calls.length === 0 ? [null] : entry.calls
    return calls.map((call, index) => {
      const name = index === 0 ? entry.name : freeName(`${entry.name}_call_${index}`, taken)
      return { entry, call, index, name, key: `${index} ${entry.name}` }
    })
  })
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  for (let i = 1; taken.has(name); i++) name = `${wanted}_${i}`
  taken.add(name)
  return name
}

function readPlaced(
  { entry, call, index, name }: Placed,
  pointer: string,
  refer: (ref: TensorRef, origin: string) => InputRef,
  origins: Origins,
): object | null {
  const { json, origin } = entry
  const node = `${origin}/inbound_nodes/${index}`
  const inputs = call && { inputs: call.inputs.map((ref) => refer(ref, node)) }
  origins.set(pointer, origin)
  for (const i of ['', ...(call?.inputs ?? []).flatMap((_, k) => [`/${k}`, `/${k}/layer`, `/${k}/output`])]) {
    origins.set(`${pointer}/inputs${i}`, node)
  }
  const operator = call && readOperator(json, call)
  if (operator) return { ...operator, name, ...inputs }
  const settings = call ? readSettings(call, node, origins) : {}
  const read = index === 0 ? readLayer(json, pointer, origin, origins) : { type: 'Shared', of: entry.name }
  return read && { ...read, ...settings, name, ...inputs }
}

/** Arguments of a call that a definition has as arguments of the layer. */
function readSettings({ settings, loose }: Call, node: string, origins: Origins): JsonObject {
  const { use_causal_mask, return_attention_scores, ...others } = settings
  for (const argument of Object.keys(others)) origins.mistake(node, `the argument ${argument} of a call is not read`)
  if (loose.length > 0) origins.mistake(node, 'a call takes outputs of layers, and no other values')
  return {
    ...(use_causal_mask !== undefined && { use_causal_mask }),
    ...(return_attention_scores !== undefined && { return_attention_scores }),
  }
}
