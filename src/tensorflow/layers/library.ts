/** The layers that TensorFlow.js has and trains as Keras does: its own classes, without their activations. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { type PerAxis, perAxis, type Rank } from '../../nn/layers/spatial-arguments.ts'
import { samePadding } from '../../nn/layers/spatial-padding.ts'
import type { TensorFlow } from '../backend.ts'
import { type EngineLayer, engineLayer, formula, type LayerCall } from './layer.ts'

type Options = Omit<EngineLayer, 'takes' | 'prepare'> & { readonly before?: (given: Before) => Tf.Tensor }

interface Before {
  readonly tf: TensorFlow
  readonly x: Tf.Tensor
  readonly config: LayerConfig
}

/** A class of `tf.layers` that is handed the arguments `takes`. */
function library(type: string, takes: readonly string[], { before, ...options }: Options = {}): EngineLayer {
  return engineLayer({
    ...options,
    takes,
    prepare: (tf, config, inputShapes) => {
      const made = makerOf(
        tf,
        type,
      )({
        ...renamed(config, takes),
        ...(type === 'SeparableConv2D' || type === 'DepthwiseConv2D' ? depthwiseZeros : zeros),
      })
      const shapes = inputShapes.map((shape) => [null, ...shape])
      made.build(shapes.length === 1 ? (shapes[0] as Tf.Shape) : shapes)
      return {
        variables: made.weights.map((weight) => weight.read() as Tf.Variable), // what a LayerVariable wraps
        call: ({ x }) => made.apply(before ? before({ tf, x, config }) : x, { training: true }) as Tf.Tensor,
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
const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros', embeddingsInitializer: 'zeros' }
const depthwiseZeros = { depthwiseInitializer: 'zeros', pointwiseInitializer: 'zeros', biasInitializer: 'zeros' }

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

const windows = ['kernel_size', 'strides', 'padding', 'use_bias']
const convolution = ['filters', ...windows]
const pool = ['pool_size', 'strides', 'padding']

type PoolConfig = LayerConfig & {
  readonly pool_size: PerAxis
  readonly strides: PerAxis | null
  readonly padding: string
}

/**
 * With padding `same` TensorFlow.js divides gradients by the whole window, the places over an edge included: so it pools
 * after padding there, and what it gives is divided by the part of each window that is there.
 */
function averagePooling(type: string, rank: Rank): EngineLayer {
  return engineLayer<PoolConfig>({
    takes: pool,
    prepare: (tf, config, shapes) => {
      if (config.padding !== 'same') return library(type, pool).prepare(tf, config, shapes)
      const [sizes, steps] = [perAxis(config.pool_size, rank), perAxis(config.strides ?? config.pool_size, rank)]
      const edges = sizes.map((size, i) => samePadding(shapes[0]?.[i] ?? 1, size, steps[i] ?? 1))
      const padded = (x: Tf.Tensor) =>
        tf.pad(x, [[0, 0], ...edges.map(({ before, after }): [number, number] => [before, after]), [0, 0]])
      const shape = (shapes[0] ?? []).map((length, i) => length + (edges[i]?.before ?? 0) + (edges[i]?.after ?? 0))
      const pooled = library(type, pool).prepare(tf, { ...config, padding: 'valid' } as PoolConfig, [shape])
      const mean = (given: LayerCall, x: Tf.Tensor) => pooled.call({ ...given, x: padded(x) }) as Tf.Tensor
      return {
        variables: null,
        call: (given) => tf.div(mean(given, given.x), mean(given, tf.ones(given.x.shape))),
      }
    },
  })
}

type CausalConfig = LayerConfig & { readonly kernel_size: number | readonly number[]; readonly padding: string }

/** Causal is valid after padding in front; TensorFlow.js itself has no causal convolution. */
const Conv1D = engineLayer<CausalConfig>({
  takes: convolution,
  prepare: (tf, config, shapes) => {
    const causal = config.padding === 'causal'
    const [size = 1] = [config.kernel_size].flat()
    const inner = library('Conv1D', convolution, {
      ...(causal && {
        before: ({ x }: Before) =>
          tf.pad(x, [
            [0, 0],
            [size - 1, 0],
            [0, 0],
          ]),
      }),
    })
    return inner.prepare(tf, causal ? { ...config, padding: 'valid' } : config, shapes)
  },
})

type MaskingConfig = LayerConfig & { readonly mask_value: number }

/** Steps with a feature other than `mask_value`; read out of the gradient's sight, which comparisons have none of. */
function realSteps(tf: TensorFlow, x: Tf.Tensor, { mask_value }: MaskingConfig): Tf.Tensor {
  const real = tf.any(tf.notEqual(x, mask_value), -1)
  return tf.tensor(real.dataSync(), real.shape, 'bool')
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
  Conv1D,
  Conv2D: library('Conv2D', convolution),
  Conv3D: library('Conv3D', convolution),
  Conv2DTranspose: library('Conv2DTranspose', convolution),
  DepthwiseConv2D: library('DepthwiseConv2D', [...windows, 'depth_multiplier']),
  SeparableConv2D: library('SeparableConv2D', [...convolution, 'depth_multiplier']),
  MaxPooling1D: library('MaxPooling1D', pool),
  MaxPooling2D: library('MaxPooling2D', pool),
  MaxPooling3D: library('MaxPooling3D', pool),
  AveragePooling1D: averagePooling('AveragePooling1D', 1),
  AveragePooling2D: averagePooling('AveragePooling2D', 2),
  AveragePooling3D: averagePooling('AveragePooling3D', 3),
}
