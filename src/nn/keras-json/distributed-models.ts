/**
 * `TimeDistributed` around a model: every step goes through all of its layers, which is the same as a `TimeDistributed` around
 * each of them, one after the other. The JSON is rewritten so, for models that are a chain (a CNN before an LSTM).
 */
import { isObject, isSerialized, type JsonObject, type Serialized } from './json.ts'
import { readCalls } from './nodes.ts'

export interface Spread {
  readonly json: unknown
  /** A pointer into the rewritten JSON as one into what was given. */
  settle(pointer: string): string
}

/** The JSON of a model without models in `TimeDistributed`, as far as they are chains. */
export function spreadModels(json: unknown): Spread {
  const moved: [from: string, to: string][] = []
  const rewritten = spreadIn(json, '', moved)
  const settle = (pointer: string) => {
    const place = moved.findLast(([from]) => pointer === from || pointer.startsWith(`${from}/`))
    return place ? `${place[1]}${pointer.slice(place[0].length)}` : pointer
  }
  return { json: rewritten, settle }
}

type Moved = [from: string, to: string][]

/** Models and layers inside of each other, at most: what is deeper is left as it is, and refused further on. */
const deepest = 16

/** A model or layer at a pointer, with what is inside of it rewritten. */
function spreadIn(json: unknown, at: string, moved: Moved, depth = 0): unknown {
  if (!isObject(json) || !isObject(json.config) || depth > deepest) return json
  const { config } = json
  if (Array.isArray(config.layers)) {
    const layers = config.layers.map((layer: unknown, i) =>
      spreadIn(layer, `${at}/config/layers/${i}`, moved, depth + 1),
    )
    return { ...json, config: { ...config, layers } }
  }
  if (json.class_name !== 'TimeDistributed') return json
  const inner = spreadIn(config.layer, `${at}/config/layer`, moved, depth + 1)
  const chain = chainOf(inner)
  return chain ? distributed(json, config, chain, at, moved) : { ...json, config: { ...config, layer: inner } }
}

interface Link {
  /** Where it stands in the model. */
  readonly index: number
  readonly layer: Serialized
}

/** The layers of a model that is a chain, without its input; null for everything else. */
function chainOf(model: unknown): readonly Link[] | null {
  if (!isSerialized(model) || !Array.isArray(model.config.layers)) return null
  const layers: readonly unknown[] = model.config.layers
  const links = layers.flatMap((layer, index) =>
    isSerialized(layer) && layer.class_name !== 'InputLayer' ? [{ index, layer }] : [],
  )
  const inputs = layers.filter((layer) => isSerialized(layer) && layer.class_name === 'InputLayer').length
  const complete = links.length > 0 && links.length + inputs === layers.length && inputs <= 1
  const isChain = model.class_name === 'Sequential' || layers.every((layer, i) => followsOn(layer, layers[i - 1]))
  return complete && isChain && !links.some(({ layer }) => makesMask(layer)) ? links : null
}

/** Whether a layer of a functional model is called once, with what the layer before it gives. */
function followsOn(layer: unknown, before: unknown): boolean {
  const calls = isObject(layer) ? readCalls(layer.inbound_nodes, () => false) : null
  if (before === undefined) return calls?.length === 0
  const inputs = calls?.[0]?.inputs ?? []
  const name = isObject(before) ? before.name : null
  const [only] = inputs
  return calls?.length === 1 && inputs.length === 1 && only?.layer === name && only?.output === 0
}

/** Masks that are made inside of a step stay inside of it, which layers of their own would not know. */
function makesMask({ class_name, config }: Serialized): boolean {
  return class_name === 'Masking' || (class_name === 'Embedding' && config.mask_zero === true)
}

function distributed(json: JsonObject, config: JsonObject, chain: readonly Link[], at: string, moved: Moved) {
  const { layer: _model, batch_input_shape, ...wrapper } = config
  const layers = chain.map(({ index, layer }, i) => {
    const [from, to] = [`${at}/config/layers/${i}`, `${at}/config/layer/config/layers/${index}`]
    moved.push([from, to], [`${from}/config/layer`, to])
    const shape = i === 0 && batch_input_shape ? { batch_input_shape } : {}
    return { class_name: 'TimeDistributed', config: { ...wrapper, ...shape, name: layer.config.name, layer } }
  })
  return { ...json, class_name: 'Sequential', config: { name: config.name, layers } }
}
