/** A definition becomes a model: every layer with its name, shapes and weights, checked before anything is trained. */
import { bodyProblem, type Problem } from '../errors.ts'
import { placeOf } from '../mistakes.ts'
import { type Builder, createBuilder, ShapeError } from '../onnx/builder.ts'
import { fixedShape, formatShape } from '../onnx/dims.ts'
import { Graph } from '../onnx/graph.ts'
import { type Real, Value } from '../onnx/value.ts'
import type { ActivationName } from './activations.ts'
import { constraints } from './constraints/index.ts'
import type { Definition } from './definition.ts'
import { initializers } from './initializers/index.ts'
import { channelsLast } from './laid-out.ts'
import { layerOf } from './layers/index.ts'
import { declaredShape } from './layers/input.ts'
import type { Layer, LayerConfig, WeightDeclaration } from './layers/layer.ts'
import { callLayer } from './lower.ts'
import { entryOf, type NamedConfig, resolveNamed } from './named.ts'
import { regularizers } from './regularizers/index.ts'
import { fillDefaults, maxLength } from './strict.ts'
import { type Source, type Wired, type Wiring, wire } from './wiring.ts'

/** A weight of the model. */
export interface WeightSpec {
  /** `<layer>/<weight>`, unique: weights' own names hold no slash. */
  readonly name: string
  readonly shape: readonly number[]
  readonly initializer: NamedConfig
  readonly regularizer: NamedConfig | null
  /** What the values are moved to after every update; null where they stay. */
  readonly constraint: NamedConfig | null
  /** Moved by the optimizer. */
  readonly trainable: boolean
  /** Moved by its layer's formula while training: moving statistics. */
  readonly moving: boolean
}

/** A layer in its place. Shapes are of one sample, without the batch axis. */
export interface BuiltLayer {
  readonly name: string
  readonly type: string
  /** The arguments, defaults filled in. */
  readonly config: LayerConfig
  /** The outputs of other layers that it takes. */
  readonly sources: readonly Source[]
  readonly inputShapes: readonly (readonly number[])[]
  readonly outputShapes: readonly (readonly number[])[]
  /** The layer's weights by their short names; null where its arguments leave one out. */
  readonly weights: ReadonlyMap<string, WeightSpec | null>
  /** The layer whose weights it uses, where it is another call of that one. */
  readonly shares: string | null
}

export interface ModelOutput {
  /** That of the layer that gives it, with a number where the layer gives several. */
  readonly name: string
  readonly source: Source
  readonly shape: readonly number[]
  /** What the values are: the last activation, seen through layers that only move values. */
  readonly activation: ActivationName
}

export interface Model {
  readonly name?: string
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[] }[]
  readonly outputs: readonly ModelOutput[]
  /** Each after those that it takes from. */
  readonly layers: readonly BuiltLayer[]
  readonly weights: readonly WeightSpec[]
}

/** Whether the definition leaves the shape of its input to the data. */
export function hasOpenInput(definition: Definition): boolean {
  const inputs = definition.layers.filter(({ type }) => type === 'Input')
  return inputs.length === 0 || inputs.some((input) => declaredShape(input)?.includes(null) ?? true)
}

/**
 * The model of a definition. `inputShape` (one sample, without the batch axis) fills the `Input` of a model with one input
 * where that is absent or its shape is null.
 * @throws {Problem} shape_mismatch with the pointer of the layer, invalid_definition for layers that feed each other
 */
export function buildModel(definition: Definition, inputShape?: readonly number[]): Model {
  const wiring = wire(definition)
  const op = createBuilder(Graph.create('shapes'))
  const built = new Map<string, BuiltLayer>()
  for (const wired of wiring.layers) built.set(wired.name, buildLayer(op, wired, built, wiring, inputShape))
  const layers = [...built.values()]
  return {
    ...(definition.name === undefined ? {} : { name: definition.name }),
    inputs: wiring.inputs.map((name) => ({ name, shape: built.get(name)?.outputShapes[0] ?? [] })),
    outputs: wiring.outputs.map((source, i) => ({
      name: wiring.outputNames[i] ?? source.layer,
      source,
      shape: shapeAt(built, source, `/outputs/${i}`),
      activation: activationAt(built, source),
    })),
    layers,
    weights: layers.filter(({ shares }) => shares === null).flatMap(weightsOf),
  }
}

/** The weights that a layer has, in its order. */
export function weightsOf({ weights }: BuiltLayer): WeightSpec[] {
  return [...weights.values()].filter((weight) => weight !== null)
}

function resolveInputShape(input: LayerConfig, given: readonly number[] | undefined, place: Place): readonly number[] {
  const declared = declaredShape(input)
  const complete = declared?.every((axis) => axis !== null) ?? false
  if (!complete && given === undefined) {
    throw bodyProblem(
      'shape_mismatch',
      pointerOf(place),
      `layers[${Math.max(place.index, 0)}]: the shape of the input is not known; give { "type": "Input", "shape": […] } as the first layer, or train on a dataset`,
    )
  }
  const fits = declared?.length === given?.length && declared?.every((axis, i) => axis === null || axis === given?.[i])
  if (declared && given && !fits) {
    throw bodyProblem(
      'shape_mismatch',
      `${pointerOf(place)}/shape`,
      `layers[${place.index}] Input: the definition says ${formatShape(declared.map((axis) => axis ?? 'null'))}, the data has ${formatShape(given)}; change the shape, or leave it out to take the data's`,
    )
  }
  return given ?? (declared as readonly number[]) // complete where nothing is given
}

type Built = ReadonlyMap<string, BuiltLayer>

/** The shape of a layer's output. @throws {Problem} shape_mismatch at `pointer` where the layer has no such output */
function shapeAt(built: Built, { layer, output }: Source, pointer: string): readonly number[] {
  const shapes = built.get(layer)?.outputShapes ?? []
  const shape = shapes[output]
  if (shape) return shape
  const detail = `${placeOf(pointer)}: the layer ${JSON.stringify(layer)} has ${shapes.length} outputs, counted from 0; there is no output ${output}`
  throw bodyProblem('shape_mismatch', pointer, detail)
}

function buildLayer(
  op: Builder,
  wired: Wired,
  built: Built,
  { inputs }: Wiring,
  inputShape: readonly number[] | undefined,
): BuiltLayer {
  const { index, name, sources } = wired
  const shares = sharedWith(wired, built)
  const { type } = shares ?? wired.config
  const place: Place = { index, type, name }
  const layer = layerOf(type)
  const config = shares?.config ?? fillDefaults(layer.config, wired.config)
  const given = sources.map((source, i) => shapeAt(built, source, `/layers/${index}/inputs/${i}`))
  if (type === 'Input') given.push(resolveInputShape(config, inputs.length === 1 ? inputShape : undefined, place))
  checkArity(layer, place, given)
  const surroundings = { inputShapes: given, layerOf }
  const shape = given[0] ?? []
  const expected = layer.misfit?.(config, shape, surroundings) ?? null
  if (expected !== null) throw misfitProblem(place, given, `expected ${expected}`)
  const weights =
    shares?.weights ??
    new Map(
      Object.entries(layer.weights?.(config, shape, surroundings) ?? {}).map(
        ([short, weight]) => [short, weight && specifyWeight(short, weight, place, config)] as const,
      ),
    )
  const incomplete = { name, type, config, sources, inputShapes: given, weights, shares: shares?.name ?? null }
  if (shares && weightsOf(shares).length > 0) checkSharedShape(shares, place, given)
  const outputShapes = inferOutputShapes(op, { ...incomplete, outputShapes: [] }, place)
  for (const output of outputShapes) checkSize(output, 'one sample of its output', place)
  return { ...incomplete, outputShapes }
}

/** No tensor is longer than what an engine can number. @throws {Problem} shape_mismatch with the size */
function checkSize(shape: readonly number[], what: string, place: Place): void {
  const size = shape.reduce((product, length) => product * length, 1)
  if (size <= maxLength) return
  const detail = `${placeName(place)}: ${what} ${formatShape(shape)} would hold ${size} numbers, the limit is ${maxLength}`
  throw bodyProblem('shape_mismatch', pointerOf(place), detail)
}

/** The layer that a `Shared` entry calls once more. */
function sharedWith({ index, config }: Wired, built: Built): BuiltLayer | null {
  if (config.type !== 'Shared') return null
  const { of } = config as LayerConfig & { of: string }
  const layer = built.get(of)
  if (layer && layer.type !== 'Input' && layer.shares === null) return layer
  const detail = `layers[${index}] Shared: of is the name of a layer with weights of its own that stands before it, received ${JSON.stringify(of)}`
  throw bodyProblem('invalid_definition', `/layers/${index}/of`, detail)
}

function checkSharedShape(shares: BuiltLayer, place: Place, given: readonly (readonly number[])[]): void {
  // further inputs of one call alone, as initial states, meet weights that their layer has in any case
  const same = shares.inputShapes.every((shape, i) => i >= given.length || shape.at(-1) === given[i]?.at(-1))
  if (!same)
    throw misfitProblem(place, given, `expected the input of ${JSON.stringify(shares.name)}, whose weights it uses`)
}

function checkArity(
  { arity = { least: 1, most: 1 } }: Layer,
  place: Place,
  given: readonly (readonly number[])[],
): void {
  const { least, most } = arity
  if (given.length >= least && given.length <= most) return
  const wanted =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `${least} or more` : `${least} to ${most}`
  const detail = `${placeName(place)}: takes ${wanted} ${least === 1 && most === 1 ? 'input' : 'inputs'}, received ${given.length}`
  throw bodyProblem('invalid_definition', `${pointerOf(place)}/inputs`, detail)
}

function specifyWeight(short: string, declared: WeightDeclaration, place: Place, config: LayerConfig): WeightSpec {
  const { shape, role } = declared
  const isOpen = (config.trainable ?? true) && (declared.trainable ?? true)
  checkSize(shape, `its ${short}`, place)
  const initializer = resolveNamed(initializers, declared.initializer)
  const constraint = declared.constraint ? resolveNamed(constraints, declared.constraint) : null
  const regularizer = declared.regularizer === null ? null : resolveNamed(regularizers, declared.regularizer)
  const misfit =
    entryOf(initializers, initializer).misfit?.(initializer, shape) ??
    (regularizer && entryOf(regularizers, regularizer).misfit?.(regularizer, shape)) ??
    (constraint && entryOf(constraints, constraint).misfit?.(constraint, shape))
  if (misfit) {
    const detail = `${placeName(place)}: its ${short} is ${formatShape(shape)}, where ${misfit}`
    throw bodyProblem('shape_mismatch', pointerOf(place), detail)
  }
  return {
    name: `${place.name}/${short}`,
    shape,
    initializer,
    regularizer,
    constraint,
    trainable: role !== 'state' && isOpen,
    moving: role === 'state' && isOpen,
  }
}

/** The output shapes that the operators infer for a batch of any size. */
function inferOutputShapes(op: Builder, layer: BuiltLayer, place: Place): readonly (readonly number[])[] {
  const given = layer.inputShapes.map((shape) => new Value('x', 'float32', ['batch', ...shape]))
  const weights = new Map(weightsOf(layer).map(({ name, shape }) => [name, new Value(name, 'float32', shape)]))
  const passed = given.map((x) => ({ value: channelsLast(op, x), mask: null }))
  try {
    const context = { training: true, uniform: (like: Real) => like }
    const { outputs } = callLayer(op, layer, passed, (name) => weights.get(name), context)
    return outputs.map((output) => {
      const y = output.last()
      const shape = fixedShape(y.shape.slice(1))
      if (!shape) throw new Error(`${place.name} has an output axis of unknown length: ${formatShape(y.shape)}`)
      return shape
    })
  } catch (error) {
    if (error instanceof ShapeError) throw misfitProblem(place, layer.inputShapes, error.reason)
    throw error
  }
}

/** Where a layer stands in the definition; -1 for an input that is not written there. */
interface Place {
  readonly index: number
  readonly type: string
  readonly name: string
}

const pointerOf = ({ index }: Place) => `/layers/${Math.max(index, 0)}`

const placeName = ({ index, type, name }: Place) => `layers[${index}] ${type} ${JSON.stringify(name)}`

function misfitProblem(place: Place, received: readonly (readonly number[])[], reason: string): Problem {
  const shapes = received.map((shape) => formatShape(['batch', ...shape])).join(' and ')
  return bodyProblem('shape_mismatch', pointerOf(place), `${placeName(place)}: ${reason}, received ${shapes}`)
}

/** The activation of the last layer that changes values, seen through those that only move them. */
function activationAt(built: Built, source: Source): ActivationName {
  const from = built.get(source.layer)
  if (!from || source.output > 0) return 'linear'
  const layer = layerOf(from.type)
  const [before] = from.sources
  if (layer.keepsValues && before) return activationAt(built, before)
  return layer.activation?.(from.config) ?? 'linear'
}
