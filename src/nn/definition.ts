/**
 * Definitions of networks as people write them: layers by their Keras class names and arguments, checked whole, every
 * mistake told with its pointer.
 */
import { Ajv, type ValidateFunction } from 'ajv'
import { type TUnsafe, Type } from 'typebox'
import { Problem, type ProblemPart } from '../errors.ts'
import { mistakesOf, summarizeMistakes } from '../mistakes.ts'
import { layerOf, layers } from './layers/index.ts'
import type { LayerConfig } from './layers/layer.ts'
import { fillDefaults } from './strict.ts'

/** A chain of layers. After `parseDefinition` every default argument is filled in. */
export interface Definition {
  readonly name?: string
  readonly layers: readonly LayerConfig[]
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

export const DefinitionSchema = Type.Object(
  { name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })), layers: LayersSchema },
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
  const mistakes = [...sameNames(json), ...misplacedInputs(json), ...noOutput(json)]
  if (mistakes.length > 0) throw invalid(mistakes)
  return { ...json, layers: json.layers.map((layer) => fillDefaults(layerOf(layer.type).config, layer)) }
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

function misplacedInputs({ layers: chain }: Definition): ProblemPart[] {
  return chain.flatMap(({ type }, i) =>
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
