/** Who feeds whom: the layers of a definition with their names and sources, each after those it takes from. */
import { bodyProblem, type ProblemPart } from '../errors.ts'
import type { Definition } from './definition.ts'
import type { InputRef, LayerConfig } from './layers/layer.ts'
import { nameLayers } from './names.ts'

/** One output of a layer. */
export interface Source {
  readonly layer: string
  readonly output: number
}

/** A layer in its place. */
export interface Wired {
  /** Where it stands in the definition; -1 for an input that is not written there. */
  readonly index: number
  readonly name: string
  readonly config: LayerConfig
  readonly sources: readonly Source[]
}

export interface Wiring {
  readonly layers: readonly Wired[]
  readonly inputs: readonly string[]
  readonly outputs: readonly Source[]
  /** How a training, its history and the served model call each of them; no two are equal. */
  readonly outputNames: readonly string[]
}

/** Whether layers name their inputs: a graph; else a chain. */
export function isGraph({ layers, inputs, outputs }: Definition): boolean {
  return inputs !== undefined || outputs !== undefined || layers.some((layer) => layer.inputs !== undefined)
}

const sourceOf = (ref: InputRef): Source => (typeof ref === 'string' ? { layer: ref, output: 0 } : ref)

/**
 * The wiring of a checked definition. A chain without an `Input` gets one in front.
 * @throws {Problem} invalid_definition where layers feed each other in a circle
 */
export function wire(definition: Definition): Wiring {
  const layers = wireInOrder(definition)
  const sorted = sortByNeed(layers)
  const ownInputs = layers.filter(({ config }) => config.type === 'Input').map(({ name }) => name)
  const last = layers.at(-1)?.name ?? ''
  const outputs = (definition.outputs ?? [last]).map(sourceOf)
  return { layers: sorted, inputs: definition.inputs ?? ownInputs, outputs, outputNames: nameOutputs(outputs) }
}

/**
 * Outputs are called as their layers. Where one layer gives several, those after the first get a number as in Keras 2
 * (`lstm`, `lstm_1`), one that is free. Keras 3 leaves them equal, so that no object there can name them.
 */
function nameOutputs(outputs: readonly Source[]): string[] {
  const taken = new Set(outputs.map(({ layer }) => layer))
  return outputs.map(({ layer }, place) => {
    if (outputs.findIndex((other) => other.layer === layer) === place) return layer
    let number = 1
    while (taken.has(`${layer}_${number}`)) number++
    const name = `${layer}_${number}`
    taken.add(name)
    return name
  })
}

function wireInOrder(definition: Definition): Wired[] {
  const hasInput = isGraph(definition) || definition.layers[0]?.type === 'Input'
  const chain = hasInput ? definition.layers : [{ type: 'Input' }, ...definition.layers]
  const names = nameLayers(chain)
  return chain.map((config, i) => ({
    index: hasInput ? i : i - 1,
    name: names[i] ?? '',
    config,
    sources: config.type === 'Input' ? [] : (config.inputs ?? names.slice(i - 1, i)).map(sourceOf),
  }))
}

/**
 * Each layer after its sources, and further calls of a layer after the first; layers that wait for nothing keep their order
 * (Kahn 1962).
 */
function sortByNeed(layers: readonly Wired[]): Wired[] {
  const names = new Set(layers.map(({ name }) => name))
  const done = new Set<string>()
  const isReady = ({ sources, config }: Wired) => {
    const { of } = config as { of?: string } // of a Shared; a name that no layer has is a mistake of its own
    return sources.every(({ layer }) => done.has(layer)) && (of === undefined || done.has(of) || !names.has(of))
  }
  const sorted: Wired[] = []
  let waiting = [...layers]
  while (waiting.length > 0) {
    const ready = waiting.filter(isReady)
    if (ready.length === 0) throw circle(waiting)
    for (const wired of ready) done.add(wired.name)
    sorted.push(...ready)
    waiting = waiting.filter((wired) => !ready.includes(wired))
  }
  return sorted
}

function circle(waiting: readonly Wired[]) {
  const names = waiting.map(({ name }) => JSON.stringify(name)).join(', ')
  const detail = `layers: ${names} feed each other in a circle: a layer may only take what layers before it give, and a Shared only stand after the layer that it calls`
  return bodyProblem('invalid_definition', `/layers/${waiting[0]?.index ?? 0}/inputs`, detail)
}

/** Mistakes of the names that layers, `inputs` and `outputs` refer to. */
export function wiringMistakes(definition: Definition): ProblemPart[] {
  if (!isGraph(definition)) return []
  const names = nameLayers(definition.layers)
  const known = new Set(names)
  const at = (pointer: string, detail: string): ProblemPart => ({ in: 'body', pointer, detail })
  const unknown = (ref: InputRef, pointer: string) => {
    const { layer } = sourceOf(ref)
    return known.has(layer)
      ? []
      : [at(pointer, `${pointer.slice(1)}: no layer is named ${JSON.stringify(layer)}; known are ${names.join(', ')}`)]
  }
  const inputs = new Set(names.filter((_, i) => definition.layers[i]?.type === 'Input'))
  return [
    ...definition.layers.flatMap((layer, i) => [
      ...(layer.inputs ?? []).flatMap((ref, k) => unknown(ref, `/layers/${i}/inputs/${k}`)),
      ...(layer.type === 'Input' && layer.inputs
        ? [at(`/layers/${i}/inputs`, `layers[${i}] Input: an Input takes nothing: leave inputs out`)]
        : []),
      ...(i === 0 && layer.type !== 'Input' && !layer.inputs
        ? [at('/layers/0', 'layers[0]: the first layer of a graph is an Input, or names its inputs')]
        : []),
    ]),
    ...(definition.inputs ?? []).flatMap((name, i) =>
      inputs.has(name)
        ? []
        : [
            at(
              `/inputs/${i}`,
              `inputs[${i}]: ${JSON.stringify(name)} is no Input of the model; they are ${[...inputs].join(', ')}`,
            ),
          ],
    ),
    ...(definition.outputs ?? []).flatMap((ref, i) => unknown(ref, `/outputs/${i}`)),
  ]
}
