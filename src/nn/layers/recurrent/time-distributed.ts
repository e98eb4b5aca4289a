/** TimeDistributed: one layer for each step of a sequence. */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { defineLayer, type LayerConfig, layerConfig, type Surroundings, type WeightDeclaration } from '../layer.ts'
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
 * gives]. Steps and samples are one batch inside, so a layer that looks across its batch (BatchNormalization) looks across
 * both. The mask stays.
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
    return inner.misfit?.(layer, stepShape(inputShape), innerSurroundings(inputShape, surroundings)) ?? null
  },
  weights: ({ layer }, inputShape, surroundings) => {
    const inner = surroundings.layerOf(layer.type)
    const declared = inner.weights?.(layer, stepShape(inputShape), innerSurroundings(inputShape, surroundings)) ?? {}
    return declaredInside(declared, layer)
  },
  mask: 'passes',
  call: (op, x, weights, config, context) => {
    const layer = asInside(config.layer, config)
    const [y] = context.callInner(layer, foldTime(op, x), weights, { masks: [null] })
    if (!y) throw new Error(`${layer.type} gave nothing`)
    const [time = 0] = x.shape.slice(1)
    return op.Reshape(y, op.ints([-1, Number(time), ...y.shape.slice(1).map(Number)]))
  },
})

/** [batch, time, …] → [batch·time, …]. */
function foldTime(op: Builder, x: Real): Real {
  return op.Reshape(x, op.ints([-1, ...x.shape.slice(2).map(Number)]))
}
