/** The loss of a training: the one asked for, or the one that the target and the output layer call for. */

import { type Column, cellsOf, type ScalarColumn } from '../data/table.ts'
import { type TargetUse, usualTargetUse } from '../data/target.ts'
import { bodyProblem, Problem } from '../errors.ts'
import { activationOf } from '../nn/activations.ts'
import type { Definition } from '../nn/definition.ts'
import { lossOf, resolveLoss } from '../nn/losses/index.ts'
import type { Target } from '../nn/losses/loss.ts'
import { buildModel, hasOpenInput, type ModelOutput } from '../nn/model.ts'
import type { Given, NamedConfig } from '../nn/named.ts'
import { modelOfSomeLength } from '../nn/open-axes.ts'

/**
 * Whether the target is learned as classes or as numbers. Texts and booleans are classes, tensors numbers; numbers are classes where the
 * loss asked for, or without one the output layer (softmax; sigmoid over zeros and ones), is one for classes.
 */
export function targetUseOf(column: Column, definition: Definition, loss: Given | undefined, place = 0): TargetUse {
  if (column.type === 'tensor') return 'numbers'
  const usual = usualTargetUse(column)
  if (usual === 'classes') return usual
  if (loss !== undefined) return lossOf(resolveLoss(loss)).targetKind === 'number' ? 'numbers' : 'classes'
  const output = outputBeforeData(definition, place)
  if (output === null) return usual
  const { gives } = activationOf(output.activation)
  if (gives === 'distribution' && unitsOf(output) > 1) return 'classes'
  return gives === 'probability' && unitsOf(output) === 1 && isZeroOrOne(column) ? 'classes' : usual
}

/** The output of this place, before the width of the data is known: with any width, or null where the layers need the real one. */
function outputBeforeData(definition: Definition, place: number): ModelOutput | null {
  try {
    const model = modelOfSomeLength(definition) ?? buildModel(definition, hasOpenInput(definition) ? [1] : undefined)
    return model.outputs[place] ?? null
  } catch (error) {
    if (error instanceof Problem) return null
    throw error
  }
}

function isZeroOrOne(column: ScalarColumn): boolean {
  return cellsOf(column).every((cell) => cell === 0 || cell === 1 || Number.isNaN(cell))
}

/** The number of values that an output has for one sample. */
export function unitsOf({ shape }: ModelOutput): number {
  return shape.reduce((product, length) => product * length, 1)
}

/**
 * The resolved loss, checked against output and target.
 * @throws {Problem} loss_mismatch with what does not fit and what to do
 */
export function resolveTrainingLoss(given: Given | undefined, output: ModelOutput, target: Target): NamedConfig {
  const config = resolveLoss(given ?? usualLoss(output, target))
  const misfit = lossOf(config).fits(output, target, config)
  if (misfit === null) return config
  const [at, field] = given === undefined ? ['/target', 'target'] : ['/loss', 'loss']
  throw bodyProblem('loss_mismatch', at, `${field}: ${misfit}.`)
}

/** Logits are told from probabilities by the output's activation. */
function usualLoss(output: ModelOutput, target: Target): Given {
  if (target.kind === 'regression') return 'mean_squared_error'
  const name =
    target.kind === 'binary' && unitsOf(output) === 1 ? 'binary_crossentropy' : 'sparse_categorical_crossentropy'
  const from_logits = output.activation === 'linear'
  return { name, from_logits } as NamedConfig // both losses have this argument
}
