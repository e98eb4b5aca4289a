/**
 * Initial weights scaled by the fans of the weight: variance = scale / n, with n the fan in, the fan out or their mean.
 * Glorot: @see Glorot & Bengio 2010. He: @see He et al. 2015. LeCun: @see LeCun et al. 1998.
 */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { Seed, Strict } from '../strict.ts'
import { fansOf } from './fans.ts'
import { defineInitializer, type Initializer, truncatedNormal, valuesOf } from './initializer.ts'

type Mode = 'fan_in' | 'fan_out' | 'fan_avg'

function varianceOf(shape: readonly number[], scale: number, mode: Mode): number {
  const { fanIn, fanOut } = fansOf(shape)
  const count = { fan_in: fanIn, fan_out: fanOut, fan_avg: (fanIn + fanOut) / 2 }[mode]
  return scale / Math.max(1, count)
}

/** Uniform in ±√(3·variance). */
function scaledUniform(name: string, className: string, scale: number, mode: Mode): Initializer {
  return defineInitializer({
    config: Strict({ name: NameOf(name, className), seed: Seed }),
    create: (_config, shape, random) => {
      const limit = Math.sqrt(3 * varianceOf(shape, scale, mode))
      return valuesOf(shape, () => limit * (2 * random.uniform() - 1))
    },
  })
}

/** The deviation of a standard normal cut off at ±2: drawn values are divided by it to keep the variance. */
const truncatedDeviation = 0.87962566103423978

/** Normal with the variance, cut off at two deviations. */
function scaledNormal(name: string, className: string, scale: number, mode: Mode): Initializer {
  return defineInitializer({
    config: Strict({ name: NameOf(name, className), seed: Seed }),
    create: (_config, shape, random) => {
      const stddev = Math.sqrt(varianceOf(shape, scale, mode)) / truncatedDeviation
      return valuesOf(shape, () => truncatedNormal(0, stddev, random))
    },
  })
}

type Distribution = 'truncated_normal' | 'untruncated_normal' | 'uniform'

/** Any scale, fan and distribution. */
export const varianceScaling = defineInitializer({
  config: Strict({
    name: NameOf('variance_scaling', 'VarianceScaling'),
    scale: Type.Number({ exclusiveMinimum: 0, default: 1 }),
    mode: Type.Unsafe<Mode>({ enum: ['fan_in', 'fan_out', 'fan_avg'], default: 'fan_in' }),
    distribution: Type.Unsafe<Distribution>({
      enum: ['truncated_normal', 'untruncated_normal', 'uniform'],
      default: 'truncated_normal',
    }),
    seed: Seed,
  }),
  create: ({ scale, mode, distribution }, shape, random) => {
    const variance = varianceOf(shape, scale, mode)
    const draw = {
      uniform: () => Math.sqrt(3 * variance) * (2 * random.uniform() - 1),
      untruncated_normal: () => Math.sqrt(variance) * random.normal(),
      truncated_normal: () => truncatedNormal(0, Math.sqrt(variance) / truncatedDeviation, random),
    }[distribution]
    return valuesOf(shape, draw)
  },
})

export const glorotUniform = scaledUniform('glorot_uniform', 'GlorotUniform', 1, 'fan_avg')
export const glorotNormal = scaledNormal('glorot_normal', 'GlorotNormal', 1, 'fan_avg')
export const heUniform = scaledUniform('he_uniform', 'HeUniform', 2, 'fan_in')
export const heNormal = scaledNormal('he_normal', 'HeNormal', 2, 'fan_in')
export const lecunUniform = scaledUniform('lecun_uniform', 'LecunUniform', 1, 'fan_in')
export const lecunNormal = scaledNormal('lecun_normal', 'LecunNormal', 1, 'fan_in')
