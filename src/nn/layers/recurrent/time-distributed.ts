/** TimeDistributed: one layer for each step of a sequence. */
import { type TUnsafe, Type } from 'typebox'
import { type Builder, createBuilder } from '../../../onnx/builder.ts'
import type { Dim } from '../../../onnx/dims.ts'
import type { Bool, Real, Value } from '../../../onnx/value.ts'
import {
  defineLayer,
  type LayerConfig,
  type LayerContext,
  layerConfig,
  type Surroundings,
  type WeightDeclaration,
} from '../layer.ts'
import { asInside, declaredInside } from './wrapped-layer.ts'

interface Config extends LayerConfig {
  readonly layer: LayerConfig
}

/** The shape of one step, as the inner layer sees a sample. */
const stepShape = (inputShape: readonly number[]) => inputShape.slice(1)

const innerSurroundings = (inputShape: readonly number[], { layerOf }: Surroundings): Surroundings => ({
  inputShapes: [stepShape(inputShape)],
  layerOf,
})

/**
 * Applies `layer` to every step on its own, with the same weights. Shapes: [batch, time, …] → [batch, time, …what the layer
 * gives]. Steps and samples are one batch inside, but for a layer that looks across its batch while training
 * (BatchNormalization): it takes one step after the other, as in Keras. A mask of steps stays; one that tells more ([batch,
 * time, words]) is the layer's, and where the words are gone a step is real if any of them was.
 * @throws {Problem} shape_mismatch where samples have no steps, or a step does not fit the layer
 * @see https://keras.io/api/layers/recurrent_layers/time_distributed/
 */
export const TimeDistributed = defineLayer<Config, Readonly<Record<string, WeightDeclaration | null>>>({
  config: layerConfig(
    'TimeDistributed',
    {
      layer: Type.Unsafe<LayerConfig>({ type: 'object', required: ['type'], properties: { type: { type: 'string' } } }),
    },
    'One layer for each step of a sequence',
  ) as TUnsafe<Config>,
  wraps: ['layer'],
  misfit: ({ layer }, inputShape, surroundings) => {
    const inner = surroundings.layerOf(layer.type)
    if (layer.type === 'Input' || layer.type === 'Shared') return 'a layer that computes something'
    if (inner.arity && inner.arity.least > 1) return 'a layer of one input'
    if (inputShape.length < 2) return 'samples of shape [time, …]'
    const { return_state, merge_mode } = layer as LayerConfig & { return_state?: boolean; merge_mode?: unknown }
    if (return_state || merge_mode === null) return 'a layer of one output'
    return inner.misfit?.(layer, stepShape(inputShape), innerSurroundings(inputShape, surroundings)) ?? null
  },
  weights: ({ layer }, inputShape, surroundings) => {
    const inner = surroundings.layerOf(layer.type)
    const declared = inner.weights?.(layer, stepShape(inputShape), innerSurroundings(inputShape, surroundings)) ?? {}
    return declaredInside(declared, layer)
  },
  mask: (op, _inputs, [mask = null], _config, [y]) => (mask && y ? upTo(op, mask, y.shape.length - 1) : null),
  call: (op, x, weights, config, context) => {
    const layer = asInside(config.layer, config)
    if (context.training && looksAcross(layer)) return stepByStep(op, x, weights, layer, context)
    const [mask = null] = context.masks
    const inside = mask && mask.shape.length > 2 ? foldTime(op, mask) : null
    const [y] = context.callInner(layer, foldTime(op, x), weights, { masks: [inside] })
    if (!y) throw new Error(`${layer.type} gave nothing`)
    const [time = 0] = x.shape.slice(1)
    return op.Reshape(y, op.ints([-1, Number(time), ...y.shape.slice(1).map(Number)]))
  },
})

/** [batch, time, …] → [batch·time, …]. */
function foldTime<T extends Real | Bool>(op: Builder, x: T): T {
  return op.Reshape(x, op.ints([-1, ...x.shape.slice(2).map(Number)]))
}

/** A mask of as many axes, or less: true where any part of what an axis beyond them told is. */
function upTo(op: Builder, mask: Bool, axes: number): Bool {
  const beyond = mask.shape.map((_, axis) => axis).slice(axes)
  if (beyond.length === 0) return mask
  const parts = op.Cast(mask, { to: 'float32' })
  const most = op.ReduceMax(parts, op.ints(beyond), { keepdims: 0 })
  return op.Greater(most, op.scalar(0, most))
}

/** Whether what a layer gives for a sample depends on the others of its batch, or will once it has seen them. */
function looksAcross({ type, trainable, ...more }: LayerConfig): boolean {
  const { layer } = more as { layer?: LayerConfig }
  return (type === 'BatchNormalization' && trainable !== false) || (layer !== undefined && looksAcross(layer))
}

/** One step after the other, in a loop; what the layer keeps in mind moves with each. */
function stepByStep(
  op: Builder,
  x: Real,
  weights: Readonly<Record<string, Real | null>>,
  layer: LayerConfig,
  context: LayerContext,
): Real {
  const [mask = null] = context.masks
  const steps = inTime(op, x)
  const real = mask && op.Transpose(mask, { perm: [1, 0] })
  const body = op.graph.subgraph('step')
  const inner = createBuilder(body)
  const moved = movedBy(op, x, weights, layer, context)
  const before = moved.map((name) => {
    const { type, shape } = weights[name] as Real // a layer moves the weights that it declared
    return [name, body.bodyInput(name, type, shape)] as const
  })
  const now = body.bodyInput('x', x.type, steps.shape.slice(1))
  const isReal = real && body.bodyInput('real', 'bool', real.shape.slice(1))
  const held = new Map<string, Real | null>([...Object.entries(weights), ...before])
  const assign = (weight: string, value: Real) => void held.set(weight, value)
  const changes = { masks: [isReal], assign }
  const [y] = context.callInner(layer, now, Object.fromEntries(held), changes, inner)
  if (!y) throw new Error(`${layer.type} gave nothing`)
  for (const name of moved) body.output(held.get(name) as Real)
  body.output(y)

  const scanned: Value[] = real ? [steps, real] : [steps]
  const carried = moved.map((name) => weights[name] as Real)
  const outputs = op.Scan([...carried, ...scanned], { body, num_scan_inputs: scanned.length }) as Real[]
  moved.forEach((name, i) => void context.assign(name, outputs[i] as Real))
  return inTime(op, outputs[moved.length] as Real)
}

/** The weights that a layer moves by itself, as it says when it is called; what it adds to a graph for that is dropped. */
function movedBy(
  op: Builder,
  x: Real,
  weights: Readonly<Record<string, Real | null>>,
  layer: LayerConfig,
  context: LayerContext,
): readonly string[] {
  const scratch = op.graph.subgraph('scratch')
  const step = scratch.bodyInput('x', x.type, [x.shape[0] as Dim, ...x.shape.slice(2)])
  const moved: string[] = []
  const changes = { masks: [null], assign: (weight: string) => void moved.push(weight) }
  context.callInner(layer, step, weights, changes, createBuilder(scratch))
  return moved
}

/** [batch, time, …] → [time, batch, …], and back. */
const inTime = (op: Builder, x: Real): Real =>
  op.Transpose(x, { perm: [1, 0, ...x.shape.slice(2).map((_, i) => 2 + i)] })
