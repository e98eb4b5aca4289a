/** The form of an initializer: how the first values of a weight are drawn. */
import type { TUnsafe } from 'typebox'
import { createRandom, deriveKey, type Random } from '../../random.ts'
import type { NamedConfig } from '../named.ts'

export interface Initializer<C extends NamedConfig = NamedConfig> {
  readonly config: TUnsafe<C>
  /** What does not fit about the shape of a weight, or null. Left out: any shape fits. */
  misfit?(config: C, shape: readonly number[]): string | null
  /** The values of a weight of `shape`, row-major; `random` is a stream of its own for this weight. */
  create(config: C, shape: readonly number[], random: Random): Float32Array
}

export function defineInitializer<C extends NamedConfig>(initializer: Initializer<C>): Initializer {
  return initializer
}

/** `length` values, one call each. */
export function valuesOf(shape: readonly number[], next: () => number): Float32Array {
  const values = new Float32Array(shape.reduce((product, length) => product * length, 1))
  for (let i = 0; i < values.length; i++) values[i] = next()
  return values
}

/** Normal with deviation `stddev` around `mean`, drawn again outside of two deviations, as Keras does. */
export function truncatedNormal(mean: number, stddev: number, random: Random): number {
  let z = random.normal()
  while (Math.abs(z) > 2) z = random.normal()
  return mean + stddev * z
}

/**
 * The stream of one weight: of the initializer's own seed where it has one, else of the training's seed and the weight's
 * name, so that adding a layer changes no other layer's start.
 */
export function streamOf(config: NamedConfig, seed: number, weight: string): Random {
  const own = (config as { seed?: number | null }).seed ?? null
  return createRandom(own === null ? deriveKey(seed, 'initial weights', weight) : deriveKey(own, 'initializer'))
}
