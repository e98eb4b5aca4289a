/** The first values of a model's weights. */
import { initializers } from './initializers/index.ts'
import { streamOf } from './initializers/initializer.ts'
import type { Model } from './model.ts'
import { entryOf } from './named.ts'

/** The initial value of every weight, row-major, by name: the same for the same seed, whatever other layers there are. */
export function initialWeights({ weights }: Model, seed: number): Map<string, Float32Array> {
  return new Map(
    weights.map(({ name, shape, initializer }) => [
      name,
      entryOf(initializers, initializer).create(initializer, shape, streamOf(initializer, seed, name)),
    ]),
  )
}
