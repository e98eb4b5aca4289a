/** A definition becomes a model: every layer with its name, shapes and weights, checked before anything is trained. */
import { bodyProblem, type Problem } from '../errors.ts'
import { type Builder, createBuilder, ShapeError } from '../onnx/builder.ts'
import { fixedShape, formatShape, sameShape } from '../onnx/dims.ts'
import { Graph } from '../onnx/graph.ts'
import { Value } from '../onnx/value.ts'
import type { ActivationName } from './activations.ts'
import type { Definition } from './definition.ts'
import { initializers } from './initializers/index.ts'
import { layerOf } from './layers/index.ts'
import type { LayerConfig, WeightDeclaration } from './layers/layer.ts'
import { callLayer } from './lower.ts'
import { type NamedConfig, resolveNamed } from './named.ts'
import { nameLayers } from './names.ts'
import { regularizers } from './regularizers/index.ts'
import { fillDefaults, maxLength } from './strict.ts'

/** A weight of the model. */
export interface WeightSpec {
  /** `<layer>/<weight>`, unique: weights' own names hold no slash. */
  readonly name: string
  readonly shape: readonly number[]
  readonly initializer: NamedConfig
  readonly regularizer: NamedConfig | null
  readonly trainable: boolean
}

/** A layer in its place. Shapes are of one sample, without the batch axis. */
export interface BuiltLayer {
  readonly name: string
  readonly type: string
  /** The arguments, defaults filled in. */
  readonly config: LayerConfig
  /** Names of the layers whose outputs it takes. */
  readonly inputs: readonly string[]
  readonly inputShape: readonly number[]
  readonly outputShape: readonly number[]
  /** The layer's weights by their short names; null where its arguments leave one out. */
  readonly weights: ReadonlyMap<string, WeightSpec | null>
}

export interface ModelOutput {
  readonly name: string
  readonly shape: readonly number[]
  /** What the values are: the last activation, seen through layers that only move values. */
  readonly activation: ActivationName
}

export interface Model {
  readonly name?: string
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[]
  readonly outputs: readonly ModelOutput[]
  readonly layers: readonly BuiltLayer[]
  readonly weights: readonly WeightSpec[]
}

/** Whether the definition leaves the shape of its input to the data. */
export function hasOpenInput({ layers }: Definition): boolean {
  const [first] = layers
  return first?.type !== 'Input' || declaredShape(first) === null
}

function declaredShape(layer: LayerConfig): readonly number[] | null {
  return (layer as { shape?: readonly number[] | null }).shape ?? null
}

/**
 * The model of a definition. `inputShape` (one sample, without the batch axis) fills an `Input` that is absent or whose
 * shape is null.
 * @throws {Problem} shape_mismatch with the pointer of the layer
 */
export function buildModel(definition: Definition, inputShape?: readonly number[]): Model {
  const input: LayerConfig = { type: 'Input' }
  const hasInput = definition.layers[0]?.type === 'Input'
  const chain = hasInput ? definition.layers : [input, ...definition.layers]
  const names = nameLayers(chain)
  const op = createBuilder(Graph.create('shapes'))
  let shape = resolveInputShape(chain[0] ?? input, inputShape)
  const layers = chain.map((given, i) => {
    const place: Place = { index: hasInput ? i : i - 1, type: given.type, name: names[i] ?? '' }
    const built = buildLayer(op, given, place, names.slice(Math.max(i - 1, 0), i), shape)
    shape = built.outputShape
    return built
  })
  return {
    ...(definition.name === undefined ? {} : { name: definition.name }),
    inputs: [{ name: names[0] ?? '', shape: layers[0]?.outputShape ?? [] }],
    outputs: [{ name: names.at(-1) ?? '', shape, activation: lastActivation(layers) }],
    layers,
    weights: layers.flatMap(weightsOf),
  }
}

/** The weights that a layer has, in its order. */
export function weightsOf({ weights }: BuiltLayer): WeightSpec[] {
  return [...weights.values()].filter((weight) => weight !== null)
}

function resolveInputShape(input: LayerConfig, given: readonly number[] | undefined): readonly number[] {
  const declared = declaredShape(input)
  if (declared === null && given === undefined) {
    throw bodyProblem(
      'shape_mismatch',
      '/layers/0',
      'layers[0]: the shape of the input is not known; give { "type": "Input", "shape": […] } as the first layer, or train on a dataset',
    )
  }
  if (declared && given && !sameShape(declared, given)) {
    throw bodyProblem(
      'shape_mismatch',
      '/layers/0/shape',
      `layers[0] Input: the definition says ${formatShape(declared)}, the data has ${formatShape(given)}; change the shape, or leave it out to take the data's`,
    )
  }
  return declared ?? given ?? []
}

/** Where a layer stands in the definition; -1 for an input that is not written there. */
interface Place {
  readonly index: number
  readonly type: string
  readonly name: string
}

function buildLayer(
  op: Builder,
  given: LayerConfig,
  place: Place,
  inputs: readonly string[],
  inputShape: readonly number[],
): BuiltLayer {
  const layer = layerOf(given.type)
  const config = fillDefaults(layer.config, given)
  const expected = layer.misfit?.(config, inputShape) ?? null
  if (expected !== null) throw misfitProblem(place, inputShape, `expected ${expected}`)
  const declared = Object.entries(layer.weights?.(config, inputShape) ?? {})
  const weights = new Map(
    declared.map(([short, weight]) => [short, weight && specifyWeight(short, weight, place, config)] as const),
  )
  const { name, type } = place
  const built = { name, type, config, inputs, inputShape, weights }
  return { ...built, outputShape: inferOutputShape(op, { ...built, outputShape: [] }, place) }
}

function specifyWeight(short: string, declared: WeightDeclaration, place: Place, config: LayerConfig): WeightSpec {
  const { shape, initializer, regularizer } = declared
  const size = shape.reduce((product, length) => product * length, 1)
  if (size > maxLength) {
    throw bodyProblem(
      'shape_mismatch',
      pointerOf(place),
      `${placeName(place)}: its ${short} ${formatShape(shape)} would hold ${size} numbers, the limit is ${maxLength}`,
    )
  }
  return {
    name: `${place.name}/${short}`,
    shape,
    initializer: resolveNamed(initializers, initializer),
    regularizer: regularizer === null ? null : resolveNamed(regularizers, regularizer),
    trainable: config.trainable ?? true,
  }
}

/** The output shape that the operators infer for a batch of any size. */
function inferOutputShape(op: Builder, layer: BuiltLayer, place: Place): readonly number[] {
  const x = new Value('x', 'float32', ['batch', ...layer.inputShape])
  const weights = new Map(weightsOf(layer).map(({ name, shape }) => [name, new Value(name, 'float32', shape)]))
  try {
    const { y } = callLayer(op, layer, x, (name) => weights.get(name), { training: true, uniform: (like) => like })
    const shape = fixedShape(y.shape.slice(1))
    if (!shape) throw new Error(`${place.name} has an output axis of unknown length: ${formatShape(y.shape)}`)
    return shape
  } catch (error) {
    if (error instanceof ShapeError) throw misfitProblem(place, layer.inputShape, error.reason)
    throw error
  }
}

const pointerOf = ({ index }: Place) => `/layers/${Math.max(index, 0)}`

const placeName = ({ index, type, name }: Place) => `layers[${index}] ${type} ${JSON.stringify(name)}`

function misfitProblem(place: Place, received: readonly number[], reason: string): Problem {
  const detail = `${placeName(place)}: ${reason}, received ${formatShape(['batch', ...received])}`
  return bodyProblem('shape_mismatch', pointerOf(place), detail)
}

/** The activation of the last layer that changes values. */
function lastActivation(layers: readonly BuiltLayer[]): ActivationName {
  const last = layers.findLast(({ type }) => !layerOf(type).keepsValues)
  return (last && layerOf(last.type).activation?.(last.config)) ?? 'linear'
}
