/** Layers whose mean and variance are those of the training rows. */
import { layerOf } from './layers/index.ts'
import type { BuiltLayer, Model } from './model.ts'

/** The axes along which the layer has numbers of its own, counted from the batch; null where it takes none from the rows. */
export function adaptedAxes({ type, config, inputShapes }: BuiltLayer): readonly number[] | null {
  return layerOf(type).adaptedAxes?.(config, inputShapes[0] ?? []) ?? null
}

/** What such a layer has taken. */
export interface AdaptedNumbers {
  readonly layer: string
  readonly mean: readonly number[]
  readonly variance: readonly number[]
}

/** Those of a trained model, in the order of its layers; `weights` are its weights by name. */
export function adaptedNumbers(
  { layers }: Model,
  weights: ReadonlyMap<string, { readonly data: ArrayLike<number> }>,
): AdaptedNumbers[] {
  return layers
    .filter((layer) => layer.shares === null && adaptedAxes(layer) !== null)
    .map(({ name }) => {
      const numbersOf = (short: string) => Array.from(weights.get(`${name}/${short}`)?.data ?? [])
      return { layer: name, mean: numbersOf('mean'), variance: numbersOf('variance') }
    })
}
