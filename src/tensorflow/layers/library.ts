/** The layers that TensorFlow.js has and trains as Keras does: its own classes, without their activations. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import type { TensorFlow } from '../backend.ts'
import { detached } from '../operators.ts'
import { type EngineLayer, engineLayer, formula } from './layer.ts'

/** A class of `tf.layers` that is handed the arguments `takes`. */
export function library(type: string, takes: readonly string[], options: Pick<EngineLayer, 'mask'> = {}): EngineLayer {
  return engineLayer({
    ...options,
    takes,
    prepare: (tf, config, inputShapes) => {
      const made = makerOf(tf, type)({ ...renamed(config, takes), ...startingAtZero(type) })
      const shapes = inputShapes.map((shape) => [null, ...shape])
      made.build(shapes.length === 1 ? (shapes[0] as Tf.Shape) : shapes)
      return {
        variables: made.weights.map((weight) => weight.read() as Tf.Variable), // what a LayerVariable wraps
        call: ({ x }) => made.apply(x, { training: true }) as Tf.Tensor,
      }
    },
  })
}

type Maker = (config: object) => Tf.layers.Layer

/** TensorFlow.js names its functions as Keras its classes, but for capital letters. */
function makerOf(tf: TensorFlow, type: string): Maker {
  const makers: Readonly<Record<string, unknown>> = { ...tf.layers }
  const name = Object.keys(makers).find((key) => key.toLowerCase() === type.toLowerCase())
  if (!name) throw new Error(`TensorFlow.js has no layer ${type}`)
  return makers[name] as Maker
}

/** Initial weights are ours; drawing others would only take time. */
function startingAtZero(type: string): object {
  const kernels =
    type === 'SeparableConv2D' || type === 'DepthwiseConv2D'
      ? { depthwiseInitializer: 'zeros', pointwiseInitializer: 'zeros' }
      : { kernelInitializer: 'zeros', embeddingsInitializer: 'zeros' }
  return { ...kernels, biasInitializer: 'zeros' }
}

function renamed(config: LayerConfig, takes: readonly string[]): object {
  return Object.fromEntries(
    Object.entries(config)
      .filter(([name, value]) => takes.includes(name) && value !== null)
      .map(([name, value]) => [
        name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        structuredClone(value), // Reshape and others write into the lists they are given
      ]),
  )
}

type MaskingConfig = LayerConfig & { readonly mask_value: number }

/** Steps with a feature other than `mask_value`; read out of the gradient's sight, which comparisons have none of. */
function realSteps(tf: TensorFlow, x: Tf.Tensor, { mask_value }: MaskingConfig): Tf.Tensor {
  return detached(tf, tf.any(tf.notEqual(x, mask_value), -1))
}

/** TensorFlow.js' own has no gradient. */
const Masking = formula<MaskingConfig>({
  takes: ['mask_value'],
  mask: ({ tf, inputs: [x] }, config) => (x ? realSteps(tf, x, config) : null),
  call: ({ tf, x }, config) => tf.mul(x, tf.cast(tf.expandDims(realSteps(tf, x, config), -1), 'float32')),
})

export const libraryLayers: Readonly<Record<string, EngineLayer>> = {
  Dense: library('Dense', ['units', 'use_bias']),
  Reshape: library('Reshape', ['target_shape']),
  Permute: library('Permute', ['dims']),
  RepeatVector: library('RepeatVector', ['n']),
  Embedding: library('Embedding', ['input_dim', 'output_dim', 'mask_zero'], {
    mask: ({ tf, inputs: [x] }, config) => ('mask_zero' in config && config.mask_zero && x ? tf.notEqual(x, 0) : null),
  }),
  Masking,
}
