/** Pools over windows: the classes of TensorFlow.js, and the means at edges by a way round its gradient. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { type PerAxis, perAxis, type Rank } from '../../nn/layers/spatial-arguments.ts'
import { samePadding } from '../../nn/layers/spatial-padding.ts'
import { type EngineLayer, engineLayer, type LayerCall } from './layer.ts'
import { library } from './library.ts'

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

export const poolingLayers: Readonly<Record<string, EngineLayer>> = {
  MaxPooling1D: library('MaxPooling1D', pool),
  MaxPooling2D: library('MaxPooling2D', pool),
  MaxPooling3D: library('MaxPooling3D', pool),
  AveragePooling1D: averagePooling('AveragePooling1D', 1),
  AveragePooling2D: averagePooling('AveragePooling2D', 2),
  AveragePooling3D: averagePooling('AveragePooling3D', 3),
}
