/** The table of losses, by their Keras names. */
import { entryOf, type Given, type NamedConfig, type NamedTable, referenceTo, resolveNamed } from '../named.ts'
import { binaryCrossentropy } from './binary-crossentropy.ts'
import { categoricalCrossentropy, sparseCategoricalCrossentropy } from './categorical-crossentropy.ts'
import { meanAbsoluteError, meanSquaredError } from './differences.ts'
import type { Loss } from './loss.ts'

export const losses: NamedTable<Loss> = {
  mean_squared_error: meanSquaredError,
  mean_absolute_error: meanAbsoluteError,
  binary_crossentropy: binaryCrossentropy,
  categorical_crossentropy: categoricalCrossentropy,
  sparse_categorical_crossentropy: sparseCategoricalCrossentropy,
}

/** A loss in a request: its name (`mse` and `mae` too), or an object with `name` and arguments. */
export const LossSchema = referenceTo(losses)

/** A loss with every default filled in and Keras' full name. */
export function resolveLoss(given: Given): NamedConfig {
  return resolveNamed(losses, given)
}

/** The functions of a resolved loss. */
export function lossOf(config: NamedConfig): Loss {
  return entryOf(losses, config)
}
