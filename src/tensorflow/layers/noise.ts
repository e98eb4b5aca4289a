/** Dropout and noise, with the draws of the first engine: the same seed trains the same, twice and in both. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import { purposeOf } from '../../nn/layers/regularization/normal.ts'
import type { TensorFlow } from '../backend.ts'
import { type EngineLayer, formula, type LayerCall } from './layer.ts'

type RateConfig = LayerConfig & { readonly rate: number; readonly seed: number | null }

/** 1 / (1 - rate) where a value is kept, else 0. */
export function keptOf(tf: TensorFlow, draws: Tf.Tensor, rate: number): Tf.Tensor {
  return tf.mul(tf.cast(tf.greaterEqual(draws, rate), 'float32'), rate === 1 ? 0 : 1 / (1 - rate))
}

/** Drops values, those together that share a draw. */
function dropped({ tf, x, uniform, layerName }: LayerCall, { rate, seed }: RateConfig, shape: readonly number[]) {
  return rate === 0 ? x : tf.mul(x, keptOf(tf, uniform(shape, purposeOf(seed, layerName)), rate))
}

type NoiseShape = readonly (number | null)[] | null
type DropoutConfig = RateConfig & { readonly noise_shape?: NoiseShape }

/** Axes of length 1 in `noise_shape` share their draw. */
const shapeOfDraws = ({ shape }: Tf.Tensor, noiseShape: NoiseShape = null): number[] =>
  shape.map((length, axis) => (noiseShape?.[axis] === 1 ? 1 : length))

const Dropout = formula<DropoutConfig>({
  takes: ['rate', 'noise_shape', 'seed'],
  call: (given, config) => dropped(given, config, shapeOfDraws(given.x, config.noise_shape)),
})

/** Whole channels of a sample. */
const spatialDropout = formula<RateConfig>({
  takes: ['rate', 'seed'],
  call: (given, config) => {
    const last = given.x.rank - 1
    const shape = given.x.shape.map((length, axis) => (axis === 0 || axis === last ? length : 1))
    return dropped(given, config, shape)
  },
})

/** Standard normal numbers in the shape of x, by Box and Muller as in the first engine. */
function normal({ tf, x, uniform }: LayerCall, purpose: string): Tf.Tensor {
  const [draw, angle] = [uniform(x.shape, `${purpose} radius`), uniform(x.shape, `${purpose} angle`)]
  return tf.mul(tf.sqrt(tf.mul(tf.log(tf.sub(1, draw)), -2)), tf.cos(tf.mul(angle, 2 * Math.PI)))
}

const GaussianNoise = formula<LayerConfig & { readonly stddev: number; readonly seed: number | null }>({
  takes: ['stddev', 'seed'],
  call: (given, { stddev, seed }) =>
    stddev === 0
      ? given.x
      : given.tf.add(given.x, given.tf.mul(normal(given, purposeOf(seed, given.layerName)), stddev)),
})

const GaussianDropout = formula<RateConfig>({
  takes: ['rate', 'seed'],
  call: (given, { rate, seed }) => {
    const { tf, x } = given
    if (rate === 0) return x
    const z = normal(given, purposeOf(seed, given.layerName))
    return tf.mul(x, tf.add(tf.mul(z, Math.sqrt(rate / (1 - rate))), 1))
  },
})

/** Where SELU saturates: -alpha · scale. */
const saturated = -1.6732632423543772 * 1.0507009873554805

const AlphaDropout = formula<DropoutConfig>({
  takes: ['rate', 'noise_shape', 'seed'],
  call: ({ tf, x, uniform, layerName }, { rate, noise_shape, seed }) => {
    if (rate === 0) return x
    const draws = uniform(shapeOfDraws(x, noise_shape), purposeOf(seed, layerName))
    const kept = tf.broadcastTo(tf.greaterEqual(draws, rate), x.shape)
    const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * saturated ** 2))
    const moved = tf.mul(tf.where(kept, x, tf.fill(x.shape, saturated)), scale)
    return tf.add(moved, -scale * saturated * rate)
  },
})

export const noiseLayers: Readonly<Record<string, EngineLayer>> = {
  Dropout,
  ...{ SpatialDropout1D: spatialDropout, SpatialDropout2D: spatialDropout, SpatialDropout3D: spatialDropout },
  GaussianNoise,
  GaussianDropout,
  AlphaDropout,
}
