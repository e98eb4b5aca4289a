/** The table of losses, by their Keras names. */
import { entryOf, type Given, type NamedConfig, type NamedTable, referenceTo, resolveNamed } from '../named.ts'
import { binaryCrossentropy } from './binary-crossentropy.ts'
import { categoricalCrossentropy, sparseCategoricalCrossentropy } from './categorical-crossentropy.ts'
import { cosineSimilarity } from './cosine-similarity.ts'
import {
  huber,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
} from './differences.ts'
import { binaryFocalCrossentropy, categoricalFocalCrossentropy } from './focal-crossentropy.ts'
import { categoricalHinge, hinge, squaredHinge } from './hinge.ts'
import { klDivergence } from './kl-divergence.ts'
import type { Loss } from './loss.ts'
import { poisson } from './poisson.ts'

export const losses: NamedTable<Loss> = {
  mean_squared_error: meanSquaredError,
  mean_absolute_error: meanAbsoluteError,
  mean_absolute_percentage_error: meanAbsolutePercentageError,
  mean_squared_logarithmic_error: meanSquaredLogarithmicError,
  huber,
  log_cosh: logCosh,
  poisson,
  binary_crossentropy: binaryCrossentropy,
  categorical_crossentropy: categoricalCrossentropy,
  sparse_categorical_crossentropy: sparseCategoricalCrossentropy,
  binary_focal_crossentropy: binaryFocalCrossentropy,
  categorical_focal_crossentropy: categoricalFocalCrossentropy,
  kl_divergence: klDivergence,
  hinge,
  squared_hinge: squaredHinge,
  categorical_hinge: categoricalHinge,
  cosine_similarity: cosineSimilarity,
}

/** A loss in a request: its name (or a short one: `mse`, `kld`), or an object with `name` and arguments. */
export const LossSchema = referenceTo(losses)

/** A loss with every default filled in and Keras' full name. */
export function resolveLoss(given: Given): NamedConfig {
  return resolveNamed(losses, given)
}

/** The functions of a resolved loss. */
export function lossOf(config: NamedConfig): Loss {
  return entryOf(losses, config)
}
