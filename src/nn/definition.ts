/**
 * Definitions of networks as people write them: layers by their Keras class names and arguments, checked whole, every
 * mistake told with its pointer.
 */
import { Ajv, type ValidateFunction } from 'ajv'
import { type TUnsafe, Type } from 'typebox'
import { Problem, type ProblemPart } from '../errors.ts'
import { mistakesOf, summarizeMistakes } from '../mistakes.ts'
import { layerOf, layers } from './layers/index.ts'
import { type InputRef, InputRefSchema, type LayerConfig } from './layers/layer.ts'
import { fillDefaults } from './strict.ts'
import { isGraph, wiringMistakes } from './wiring.ts'

/**
 * A chain of layers, or a graph: layers that name their `inputs`, and the names of the model's own inputs (all `Input`
 * layers where left out) and outputs (the last layer). After `parseDefinition` every default argument is filled in.
 */
export interface Definition {
  readonly name?: string
  readonly layers: readonly LayerConfig[]
  readonly inputs?: readonly string[]
  readonly outputs?: readonly InputRef[]
}

/** One layer: the arguments that fit its `type`, and nothing else. */
export const LayerSchema: TUnsafe<LayerConfig> = Type.Unsafe<LayerConfig>({
  type: 'object',
  discriminator: { propertyName: 'type' },
  required: ['type'],
  oneOf: Object.values(layers).map(({ config }) => config),
})

export const LayersSchema = Type.Array(LayerSchema, {
  maxItems: 1000,
  description: 'A chain: the output of each layer is the input of the next',
})

/** The parts of a definition beside its name. */
export const definitionParts = {
  layers: LayersSchema,
  inputs: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, maxItems: 64 })),
  outputs: Type.Optional(Type.Array(InputRefSchema, { minItems: 1, maxItems: 64 })),
}

export const DefinitionSchema = Type.Object(
  { name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })), ...definitionParts },
  { additionalProperties: false },
)

let compiled: ValidateFunction<Definition> | null = null

/** Compiled at the first definition: most processes that know definitions never check one. */
function validator(): ValidateFunction<Definition> {
  // not strict, since `description` and `default` say something to people and to fillDefaults
  const options = { allErrors: true, discriminator: true, verbose: true, strict: false }
  compiled ??= new Ajv(options).compile<Definition>(DefinitionSchema)
  return compiled
}

/**
 * A checked definition, its default arguments filled in.
 * @throws {Problem} invalid_definition with every mistake and its pointer (`/layers/1/units`)
 */
export function parseDefinition(json: unknown): Definition {
  const validate = validator()
  if (!validate(json)) throw invalid(mistakesOf(validate.errors ?? [], 'body'))
  const inner = json.layers.flatMap((layer, i) => wrappedMistakes(layer, `/layers/${i}`))
  const own = [...sameNames(json), ...misplacedInputs(json), ...noOutput(json), ...wiringMistakes(json)]
  const mistakes = [...inner, ...own]
  if (mistakes.length > 0) throw invalid(mistakes)
  return { ...json, layers: json.layers.map(fillLayer) }
}

/** A layer with every default filled in, and those inside of it. */
function fillLayer(layer: LayerConfig): LayerConfig {
  const { config, wraps = [] } = layerOf(layer.type)
  const filled = fillDefaults(config, layer)
  const inner = wrappedLayers(filled, wraps).map(([key, wrapped]) => [key, fillLayer(wrapped)])
  return { ...filled, ...Object.fromEntries(inner) }
}

function wrappedLayers(layer: LayerConfig, wraps: readonly string[]): [string, LayerConfig][] {
  return Object.entries(layer).filter((entry): entry is [string, LayerConfig] => wraps.includes(entry[0]) && entry[1])
}

/** Mistakes of the layers that a wrapper holds; its own schema asks only for an object with a type. */
function wrappedMistakes(layer: LayerConfig, pointer: string): ProblemPart[] {
  return wrappedLayers(layer, layerOf(layer.type).wraps ?? []).flatMap(([key, wrapped]) => {
    const place = `${pointer}/${key}`
    const validate = validator()
    if (validate({ layers: [wrapped] })) return wrappedMistakes(wrapped, place)
    return mistakesOf(validate.errors ?? [], 'body').map((mistake) => ({
      ...mistake,
      pointer: mistake.pointer.replace('/layers/0', place),
    }))
  })
}

function invalid(errors: readonly ProblemPart[]): Problem {
  return new Problem('invalid_definition', summarizeMistakes(errors), { errors })
}

const mistakeAt = (pointer: string, detail: string): ProblemPart => ({ in: 'body', pointer, detail })

/** Both places of every name that is given twice. */
function sameNames({ layers: chain }: Definition): ProblemPart[] {
  const places = new Map<string, number[]>()
  chain.forEach(({ name }, i) => {
    if (name !== undefined) places.set(name, [...(places.get(name) ?? []), i])
  })
  return [...places].flatMap(([name, indices]) => {
    if (indices.length === 1) return []
    const both = indices.map((i) => `layers[${i}]`).join(' and ')
    return indices.map((i) =>
      mistakeAt(`/layers/${i}/name`, `${both} are both named ${JSON.stringify(name)}: give each layer its own name`),
    )
  })
}

function misplacedInputs(definition: Definition): ProblemPart[] {
  if (isGraph(definition)) return []
  return definition.layers.flatMap(({ type }, i) =>
    type === 'Input' && i > 0
      ? [mistakeAt(`/layers/${i}/type`, `layers[${i}] Input: a chain has one Input, as its first layer`)]
      : [],
  )
}

function noOutput({ layers: chain }: Definition): ProblemPart[] {
  return chain.some(({ type }) => type !== 'Input')
    ? []
    : [mistakeAt('/layers', 'layers: the model has no output layer; add one, as { "type": "Dense", "units": 1 }')]
}
