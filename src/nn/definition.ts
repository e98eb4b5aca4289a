/**
 * Definitions of networks as people write them: layers by their Keras class names and arguments, checked whole, every
 * mistake told with its pointer.
 */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { type TUnsafe, Type } from 'typebox'
import { Problem, type ProblemPart } from '../errors.ts'
import { mistakesOf, summarizeMistakes } from '../mistakes.ts'
import { fits } from './fits.ts'
import { layerOf, layers } from './layers/index.ts'
import { type InputRef, InputRefSchema, type LayerConfig } from './layers/layer.ts'
import { withSharedUnions } from './shared-unions.ts'
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

/** A layer up to its type: what can be said before the schema of that type is asked. */
const LayerForm: TUnsafe<LayerConfig> = Type.Unsafe<LayerConfig>({
  type: 'object',
  discriminator: { propertyName: 'type' },
  required: ['type'],
  oneOf: Object.keys(layers).map((type) => ({ properties: { type: { const: type } } })),
})

/** The properties of a definition with layers up to their types. Validators of the rest are compiled per type. */
export const definitionForm = { ...DefinitionSchema.properties, layers: Type.Array(LayerForm, { maxItems: 1000 }) }

const ajv = new Ajv({
  allErrors: true,
  discriminator: true,
  verbose: true,
  strict: false, // `description` and `default` say something to people and to fillDefaults
  inlineRefs: false, // each union is compiled once
  code: { optimize: false }, // that takes longer than the checks of all definitions to come
})
const compiled = new Map<string, ValidateFunction>()
const unions = new Map<string, string>()

/** Compiled for the first mistake that is met: all layers together take seconds. */
function validatorOf(key: string, schema: object): ValidateFunction {
  const validate = compiled.get(key) ?? ajv.compile(withSharedUnions(schema, shareUnion))
  compiled.set(key, validate)
  return validate
}

/** The name under which Ajv knows a union. */
function shareUnion(union: object): string {
  const text = JSON.stringify(union)
  const known = unions.get(text)
  if (known !== undefined) return known
  const name = `union${unions.size}`
  ajv.addSchema(union, name)
  unions.set(text, name)
  return name
}

/** What is wrong with a value, told by the validator that `key` stands for; most values have nothing wrong. */
function errorsOf(key: string, schema: object, value: unknown): readonly ErrorObject[] {
  if (fits(schema, value)) return []
  const validate = validatorOf(key, schema)
  return validate(value) ? [] : (validate.errors ?? [])
}

const DefinitionForm = Type.Object(definitionForm, { additionalProperties: false })
const formErrors = (json: unknown) => errorsOf('the form', DefinitionForm, json)

/** What a layer's own schema says, with the layer's place in front. */
function layerErrors(layer: LayerConfig, pointer: string): readonly ErrorObject[] {
  return errorsOf(`layer ${layer.type}`, layerOf(layer.type).config, layer).map((error) => ({
    ...error,
    instancePath: `${pointer}${error.instancePath}`,
    schemaPath: `${pointer}${error.schemaPath}`,
  }))
}

/**
 * A checked definition, its default arguments filled in.
 * @throws {Problem} invalid_definition with every mistake and its pointer (`/layers/1/units`)
 */
export function parseDefinition(json: unknown): Definition {
  const errors = withLayerErrors(json, formErrors(json))
  if (!isDefinition(json, errors)) throw invalid(mistakesOf(errors, 'body'))
  const inner = json.layers.flatMap((layer, i) => wrappedMistakes(layer, `/layers/${i}`))
  const own = [...sameNames(json), ...misplacedInputs(json), ...noOutput(json), ...wiringMistakes(json)]
  const mistakes = [...inner, ...own]
  if (mistakes.length > 0) throw invalid(mistakes)
  return { ...json, layers: json.layers.map(fillLayer) }
}

/** What the form found, and what the layers' own schemas find where a layer has a type that is known: all together. */
export function withLayerErrors(json: unknown, broken: readonly ErrorObject[]): readonly ErrorObject[] {
  return [...broken, ...layersOfKnownType(json, broken).flatMap(([i, layer]) => layerErrors(layer, `/layers/${i}`))]
}

/** Whether nothing is wrong with the form nor with a layer. */
function isDefinition(_json: unknown, errors: readonly ErrorObject[]): _json is Definition {
  return errors.length === 0
}

/** The layers whose form holds, with their places, so that all mistakes are told together. */
function layersOfKnownType(json: unknown, broken: readonly ErrorObject[]): (readonly [number, LayerConfig])[] {
  const given = (json as { layers?: unknown } | null)?.layers
  if (!Array.isArray(given)) return []
  const isBroken = (i: number) => broken.some(({ instancePath }) => `${instancePath}/`.startsWith(`/layers/${i}/`))
  return given.flatMap((layer: LayerConfig, i) => (isBroken(i) ? [] : [[i, layer] as const]))
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
    const broken = formErrors({ layers: [wrapped] }).map((error) => ({
      ...error,
      instancePath: error.instancePath.replace('/layers/0', place),
    }))
    const errors = broken.length > 0 ? broken : layerErrors(wrapped, place)
    if (errors.length > 0) return mistakesOf(errors, 'body')
    return [...adaptedInside(wrapped, place), ...wrappedMistakes(wrapped, place)]
  })
}

/** What a wrapper's layer takes is nothing that all training rows could be looked at for. */
function adaptedInside(wrapped: LayerConfig, place: string): ProblemPart[] {
  const { config, adaptedAxes } = layerOf(wrapped.type)
  if (!adaptedAxes?.(fillDefaults(config, wrapped), [1])) return []
  const detail = `${wrapped.type} inside of a layer: give mean and variance, or put it before the layer, where it takes those of the training rows`
  return [mistakeAt(place, detail)]
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
