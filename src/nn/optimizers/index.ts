/** The table of optimizers, by their Keras names. */
import { entryOf, type Given, type NamedTable, referenceTo, resolveNamed } from '../named.ts'
import { adam } from './adam.ts'
import type { Optimizer, OptimizerConfig } from './optimizer.ts'
import { rmsprop } from './rmsprop.ts'
import { sgd } from './sgd.ts'

export const optimizers: NamedTable<Optimizer> = { sgd, adam, rmsprop }

/** An optimizer in a request: its name, or an object with `name` and arguments. */
export const OptimizerSchema = referenceTo(optimizers)

/** An optimizer with every default filled in. */
export function resolveOptimizer(given: Given): OptimizerConfig {
  return resolveNamed(optimizers, given) as OptimizerConfig // every optimizer has a learning rate with a default
}

/** The functions of a resolved optimizer. */
export function optimizerOf(config: OptimizerConfig): Optimizer {
  return entryOf(optimizers, config)
}
