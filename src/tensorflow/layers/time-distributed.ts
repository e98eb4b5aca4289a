/** TimeDistributed, which in TensorFlow.js knows no masks: one layer for each step of a sequence, as in src/nn. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { asInside } from '../../nn/layers/recurrent/wrapped-layer.ts'
import { callPrepared, workingShape } from './call.ts'
import { type EngineLayer, engineLayer, type LayerCall, type Mask, type Prepared } from './layer.ts'

type Config = LayerConfig & { readonly layer: LayerConfig }

/** A mask of as many axes as the output has without features, or less: true where any part of what is gone is. */
function maskAfter(
  { tf, masks: [mask = null] }: Pick<LayerCall, 'tf' | 'masks'>,
  _config: Config,
  [y]: readonly Tf.Tensor[],
): Mask {
  if (!mask || !y) return null
  const beyond = [...mask.shape.keys()].slice(y.rank - 1)
  return beyond.length === 0 ? mask : tf.any(mask, beyond)
}

/** Steps and samples are one batch inside, but for layers that look across their batch: those take step after step. */
export function timeDistributed(find: (type: string) => EngineLayer): EngineLayer {
  return engineLayer<Config>({
    takes: ['layer'],
    mask: maskAfter,
    prepare: (tf, config, [shape = []]) => {
      const layer = asInside(config.layer, config)
      const inner = find(layer.type).prepare(tf, layer, [workingShape(layer, shape.slice(1))])
      const call = looksAcross(layer) ? stepByStep : allAtOnce
      return { variables: inner.variables, call: (given) => call(given, layer, inner) }
    },
  })
}

function allAtOnce(given: LayerCall, layer: LayerConfig, inner: Prepared): Tf.Tensor {
  const { tf, masks } = given
  const [batch = 1, time = 1] = given.x.shape
  const fold = (all: Tf.Tensor) => tf.reshape(all, [batch * time, ...all.shape.slice(2)])
  const [mask = null] = masks
  const [x, inside] = [fold(given.x), mask && mask.rank > 2 ? fold(mask) : null]
  const [y] = callPrepared(layer, inner, { ...given, x, inputs: [x], masks: [inside] }).outputs
  return tf.reshape(y, [batch, time, ...y.shape.slice(1)])
}

/** Whether what a layer gives for a sample depends on the others of its batch. */
function looksAcross({ type, trainable, ...more }: LayerConfig): boolean {
  const { layer } = more as { layer?: LayerConfig }
  return (type === 'BatchNormalization' && trainable !== false) || (layer !== undefined && looksAcross(layer))
}

/** What the layer keeps in mind moves with each step. */
function stepByStep(given: LayerCall, layer: LayerConfig, inner: Prepared): Tf.Tensor {
  const { tf, masks } = given
  const held = new Map(Object.entries(given.weights))
  const [batch = 1, time = 1] = given.x.shape
  const steps = Array.from({ length: time }, (_, at) => {
    const step = (all: Tf.Tensor) => {
      const rest = all.shape.slice(2)
      return tf.reshape(tf.slice(all, [0, at], [batch, 1]), [batch, ...rest])
    }
    const assign = (weight: string, value: Tf.Tensor) => void held.set(weight, value)
    const own = { x: step(given.x), inputs: [step(given.x)], masks: masks.map((mask) => mask && step(mask)), assign }
    return callPrepared(layer, inner, { ...given, ...own, weights: Object.fromEntries(held) }).outputs[0]
  })
  for (const [name, value] of held) if (value && value !== given.weights[name]) given.assign(name, value)
  return tf.stack(steps, 1)
}
