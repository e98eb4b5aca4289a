/** A definition becomes a model: every layer with its name, shapes and weights, checked before anything is trained. */
import { bodyProblem, type Problem } from '../errors.ts'
import { asReal, createBuilder, ShapeError } from '../onnx/builder.ts'
import { formatShape } from '../onnx/dims.ts'
import { Graph } from '../onnx/graph.ts'
import { type ActivationName, activations } from './activations.ts'
import type { Definition } from './definition.ts'
import { initializers } from './initializers/index.ts'
import { layerOf } from './layers/index.ts'
import type { LayerConfig } from './layers/layer.ts'
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
  const offset = definition.layers[0]?.type === 'Input' ? 0 : -1
  const chain = offset === 0 ? definition.layers : [input, ...definition.layers]
  const names = nameLayers(chain)
  let shape = resolveInputShape(chain[0] ?? input, inputShape)
  const layers = chain.map((layer, i) => {
    const place: Place = { index: i + offset, type: layer.type, name: names[i] ?? '' }
    const built = buildLayer(layer, place, i === 0 ? [] : [names[i - 1] ?? ''], shape)
    shape = built.outputShape
    return built
  })
  const weights = layers.flatMap((layer) => [...layer.weights.values()].filter((weight) => weight !== null))
  return {
    ...(definition.name === undefined ? {} : { name: definition.name }),
    inputs: [{ name: names[0] ?? '', shape: layers[0]?.outputShape ?? [] }],
    outputs: [{ name: names.at(-1) ?? '', shape, activation: lastActivation(layers) }],
    layers,
    weights,
  }
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
  if (declared && given && (declared.length !== given.length || declared.some((length, i) => length !== given[i]))) {
    throw bodyProblem(
      'shape_mismatch',
      '/layers/0/shape',
      `layers[0] Input: the definition says ${formatShape(declared)}, the data has ${formatShape(given)}; change the shape, or leave it out to take the data's`,
    )
  }
  return declared ?? given ?? []
}

interface Place {
  readonly index: number
  readonly type: string
  readonly name: string
}

function buildLayer(
  given: LayerConfig,
  place: Place,
  inputs: readonly string[],
  inputShape: readonly number[],
): BuiltLayer {
  const layer = layerOf(given.type)
  const config = fillDefaults(layer.config, given)
  const expected = layer.misfit?.(config, inputShape) ?? null
  if (expected !== null) throw misfitProblem(place, inputShape, `expected ${expected}`)
  const trainable = (config as { trainable?: boolean }).trainable ?? true
  const weights = new Map<string, WeightSpec | null>()
  for (const [short, declared] of Object.entries(layer.weights?.(config, inputShape) ?? {})) {
    weights.set(
      short,
      declared && {
        name: `${place.name}/${short}`,
        shape: checkedSize(declared.shape, short, place),
        initializer: resolveNamed(initializers, declared.initializer),
        regularizer: declared.regularizer === null ? null : resolveNamed(regularizers, declared.regularizer),
        trainable,
      },
    )
  }
  const shapeless = { ...place, config, inputs, inputShape, weights }
  return { ...withoutIndex(shapeless), outputShape: inferOutputShape({ ...shapeless, outputShape: [] }, place) }
}

function withoutIndex<T extends { index: number }>({ index: _, ...rest }: T): Omit<T, 'index'> {
  return rest
}

function checkedSize(shape: readonly number[], weight: string, place: Place): readonly number[] {
  const size = shape.reduce((product, length) => product * length, 1)
  if (size <= maxLength) return shape
  throw bodyProblem(
    'shape_mismatch',
    `/layers/${place.index}`,
    `layers[${place.index}] ${place.type} ${JSON.stringify(place.name)}: its ${weight} ${formatShape(shape)} would hold ${size} numbers, the limit is ${maxLength}`,
  )
}

/** The output shape that the operators infer for a batch of any size. */
function inferOutputShape(layer: BuiltLayer, place: Place): readonly number[] {
  const op = createBuilder(Graph.create('shapes'))
  const x = op.graph.input('x', 'float32', ['batch', ...layer.inputShape])
  const weights = new Map(
    [...layer.weights.values()]
      .filter((weight) => weight !== null)
      .map((weight) => [weight.name, op.graph.input(`weight ${weight.name}`, 'float32', weight.shape)]),
  )
  try {
    const context = { training: true, uniform: asReal }
    const { y } = callLayer(op, layer, x, (name) => weights.get(name), context)
    const [, ...shape] = y.shape
    return shape.map((length) => {
      if (typeof length !== 'number') throw new Error(`${place.name} has an output axis of unknown length ${length}`)
      return length
    })
  } catch (error) {
    if (error instanceof ShapeError) throw misfitProblem(place, layer.inputShape, error.reason)
    throw error
  }
}

function misfitProblem({ index, type, name }: Place, received: readonly number[], reason: string): Problem {
  const detail = `layers[${index}] ${type} ${JSON.stringify(name)}: ${reason}, received ${formatShape(['batch', ...received])}`
  return bodyProblem('shape_mismatch', `/layers/${Math.max(index, 0)}`, detail)
}

/** The activation of the last layer that changes values. */
function lastActivation(layers: readonly BuiltLayer[]): ActivationName {
  const last = layers.findLast(({ type, config }) => {
    const layer = layerOf(type)
    return !layer.keepsValues || (layer.activation?.(config) ?? 'linear') !== 'linear'
  })
  if (!last) return 'linear'
  const name = layerOf(last.type).activation?.(last.config) ?? 'linear'
  return name in activations ? name : 'linear'
}
