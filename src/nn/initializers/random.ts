/** Initial weights of a fixed distribution, with Keras' defaults. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { NonNegative, Seed, Strict } from '../strict.ts'
import { defineInitializer, truncatedNormal, valuesOf } from './initializer.ts'

/** Uniform in [minval, maxval). */
export const randomUniform = defineInitializer({
  config: Strict({
    name: NameOf('random_uniform', 'RandomUniform', 'uniform'),
    minval: Type.Number({ default: -0.05 }),
    maxval: Type.Number({ default: 0.05 }),
    seed: Seed,
  }),
  create: ({ minval, maxval }, shape, random) => valuesOf(shape, () => minval + (maxval - minval) * random.uniform()),
})

const normalArguments = {
  mean: Type.Number({ default: 0 }),
  stddev: { ...NonNegative, default: 0.05 },
  seed: Seed,
}

/** Normal. */
export const randomNormal = defineInitializer({
  config: Strict({ name: NameOf('random_normal', 'RandomNormal', 'normal'), ...normalArguments }),
  create: ({ mean, stddev }, shape, random) => valuesOf(shape, () => mean + stddev * random.normal()),
})

/** Normal, cut off at two deviations. */
export const truncatedNormalInitializer = defineInitializer({
  config: Strict({ name: NameOf('truncated_normal', 'TruncatedNormal'), ...normalArguments }),
  create: ({ mean, stddev }, shape, random) => valuesOf(shape, () => truncatedNormal(mean, stddev, random)),
})
