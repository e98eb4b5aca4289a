/** What numbers an input of a model takes: whole ones in a range where they lead to layers that look values up. */
import type { Definition } from './definition.ts'
import { layerOf } from './layers/index.ts'
import type { InputRange, LayerConfig } from './layers/layer.ts'
import { type Wired, wire } from './wiring.ts'

/** The range of each input that has one, by name: the narrowest of the layers that take it, seen through those that only move values. */
export function inputRanges(definition: Definition): ReadonlyMap<string, InputRange> {
  const { layers, inputs } = wire(definition)
  const found = inputs.flatMap((input) => {
    const range = rangeAt(layers, input)
    return range === null ? [] : [[input, range] as const]
  })
  return new Map(found)
}

function rangeAt(layers: readonly Wired[], source: string): InputRange | null {
  let narrowest: InputRange | null = null
  for (const { name, config, sources } of layers) {
    if (!sources.some(({ layer }) => layer === source)) continue
    const range = ownRange(layers, name, config)
    if (range === null) continue
    narrowest =
      narrowest === null ? range : { min: Math.max(range.min, narrowest.min), max: Math.min(range.max, narrowest.max) }
  }
  return narrowest
}

function ownRange(layers: readonly Wired[], name: string, given: LayerConfig): InputRange | null {
  const shared = given.type === 'Shared' ? (given as LayerConfig & { of: string }).of : null
  const config = layers.find((wired) => wired.name === shared)?.config ?? given
  const layer = layerOf(config.type)
  return layer.inputRange?.(config) ?? (layer.keepsValues ? rangeAt(layers, name) : null)
}
