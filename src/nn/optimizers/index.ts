/** The table of optimizers, by their Keras names. */
import { entryOf, type Given, type NamedTable, referenceTo, resolveNamed } from '../named.ts'
import { resolveLearningRate, scheduleMisfit } from '../schedules/index.ts'
import type { Misfit } from '../schedules/schedule.ts'
import { adadelta } from './adadelta.ts'
import { adagrad } from './adagrad.ts'
import { adam } from './adam.ts'
import { adamax } from './adamax.ts'
import { adamw } from './adamw.ts'
import { commonMisfit } from './common.ts'
import { ftrl } from './ftrl.ts'
import { lion } from './lion.ts'
import { nadam } from './nadam.ts'
import type { Optimizer, OptimizerConfig } from './optimizer.ts'
import { rmsprop } from './rmsprop.ts'
import { sgd } from './sgd.ts'

export const optimizers: NamedTable<Optimizer> = {
  sgd,
  adam,
  rmsprop,
  adamw,
  adadelta,
  adagrad,
  adamax,
  nadam,
  ftrl,
  lion,
}

/** An optimizer in a request: its name, or an object with `name` and arguments. */
export const OptimizerSchema = referenceTo(optimizers)

/** An optimizer with every default filled in, those of its schedule too. */
export function resolveOptimizer(given: Given): OptimizerConfig {
  const config = resolveNamed(optimizers, given) as OptimizerConfig // every optimizer has a learning rate with a default
  return { ...config, learning_rate: resolveLearningRate(config.learning_rate) }
}

/** What is wrong with arguments that are each right alone, and where; null where they go together. */
export function optimizerMisfit(config: OptimizerConfig): Misfit | null {
  const detail = commonMisfit(config)
  if (detail !== null) return { pointer: '', detail }
  const schedule = scheduleMisfit(config.learning_rate)
  return schedule && { pointer: `/learning_rate${schedule.pointer}`, detail: schedule.detail }
}

/** The functions of a resolved optimizer. */
export function optimizerOf(config: OptimizerConfig): Optimizer {
  return entryOf(optimizers, config)
}
