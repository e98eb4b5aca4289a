/** Layers over the places of a sample that TensorFlow.js lacks, or has for some numbers of axes only. Channels last. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { type Edges, endsOf } from '../../nn/layers/resampling/edges.ts'
import { type PerAxis, perAxis, type Rank } from '../../nn/layers/spatial-arguments.ts'
import type { TensorFlow } from '../backend.ts'
import { largest } from '../operators.ts'
import { type EngineLayer, formula } from './layer.ts'

/** The axes of places. */
const placeAxes = (x: Tf.Tensor) => x.shape.map((_, axis) => axis).slice(1, -1)

type GlobalConfig = LayerConfig & { readonly keepdims: boolean }

/** The mean of each channel; in a sequence with a mask, over the steps that are real. */
const globalAverage = formula<GlobalConfig>({
  takes: ['keepdims'],
  call: ({ tf, x, masks: [mask = null] }, { keepdims }) => {
    if (mask === null || x.rank !== 3) return tf.mean(x, placeAxes(x), keepdims)
    const real = tf.cast(tf.expandDims(mask, -1), 'float32')
    return tf.div(tf.sum(tf.mul(x, real), 1, keepdims), tf.sum(real, 1, keepdims))
  },
})

const globalMax = formula<GlobalConfig>({
  takes: ['keepdims'],
  call: ({ tf, x }, { keepdims }) => {
    const most = largest(tf, x, placeAxes(x))
    return keepdims ? most : tf.squeeze(most, placeAxes(x))
  },
})

function zeroPadding(rank: Rank): EngineLayer {
  return formula<LayerConfig & { readonly padding: Edges }>({
    takes: ['padding'],
    call: ({ tf, x }, { padding }) => tf.pad(x, [[0, 0], ...endsOf(padding, rank).map(asPair), [0, 0]]),
  })
}

const asPair = ([before, after]: readonly [number, number]): [number, number] => [before, after]

function cropping(rank: Rank): EngineLayer {
  return formula<LayerConfig & { readonly cropping: Edges }>({
    takes: ['cropping'],
    call: ({ tf, x }, config) => {
      const ends = [[0, 0], ...endsOf(config.cropping, rank), [0, 0]] as const
      const begin = ends.map(([before]) => before)
      return tf.slice(
        x,
        begin,
        x.shape.map((length, axis) => length - (ends[axis]?.[0] ?? 0) - (ends[axis]?.[1] ?? 0)),
      )
    },
  })
}

type UpSamplingConfig = LayerConfig & { readonly size: PerAxis; readonly interpolation?: string }

/** Every place several times, by tiles: the gradient of `resizeNearestNeighbor` in TensorFlow.js 4.22 is wrong. */
function upSampling(rank: Rank): EngineLayer {
  return formula<UpSamplingConfig>({
    takes: ['size', 'interpolation'],
    misfit: ({ interpolation = 'nearest' }) =>
      interpolation === 'nearest'
        ? null
        : `interpolation "${interpolation}": TensorFlow.js has no gradient of it between centres of places`,
    call: ({ tf, x }, { size }) => perAxis(size, rank).reduce((y, times, i) => repeated(tf, y, i + 1, times), x),
  })
}

function repeated(tf: TensorFlow, x: Tf.Tensor, axis: number, times: number): Tf.Tensor {
  const before = x.shape.slice(0, axis).reduce((all, length) => all * length, 1)
  const after = x.shape.slice(axis + 1).reduce((all, length) => all * length, 1)
  const length = x.shape[axis] ?? 1
  const tiled = tf.tile(tf.reshape(x, [before * length, 1, after]), [1, times, 1])
  return tf.reshape(
    tiled,
    x.shape.map((own, i) => (i === axis ? own * times : own)),
  )
}

/** One axis for each sample; `channels_first` moves the channels behind the places before. */
const Flatten = formula<LayerConfig & { readonly data_format: string | null }>({
  takes: ['data_format'],
  call: ({ tf, x }, { data_format }) => {
    const [batch = 0, channels = 1, ...places] = x.shape.map((_, axis) => axis)
    const last = data_format === 'channels_first' && x.rank > 2 ? tf.transpose(x, [batch, ...places, channels]) : x
    return tf.reshape(last, [x.shape[0] ?? 1, -1])
  },
})

export const placeLayers: Readonly<Record<string, EngineLayer>> = {
  Flatten,
  ...{ GlobalAveragePooling1D: globalAverage, GlobalAveragePooling2D: globalAverage },
  GlobalAveragePooling3D: globalAverage,
  ...{ GlobalMaxPooling1D: globalMax, GlobalMaxPooling2D: globalMax, GlobalMaxPooling3D: globalMax },
  ...{ ZeroPadding1D: zeroPadding(1), ZeroPadding2D: zeroPadding(2), ZeroPadding3D: zeroPadding(3) },
  ...{ Cropping1D: cropping(1), Cropping2D: cropping(2), Cropping3D: cropping(3) },
  ...{ UpSampling1D: upSampling(1), UpSampling2D: upSampling(2), UpSampling3D: upSampling(3) },
}
