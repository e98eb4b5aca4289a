/** The loss of a target with several numbers per row: its shape, its values and its kind, checked against the output. */
import type { TensorColumn } from '../data/table.ts'
import type { TensorTarget, TensorTargetKind } from '../data/tensor-target.ts'
import { bodyProblem } from '../errors.ts'
import { activationOf } from '../nn/activations.ts'
import { lossOf, resolveLoss } from '../nn/losses/index.ts'
import type { Loss, Target, TargetKind } from '../nn/losses/loss.ts'
import type { ModelOutput } from '../nn/model.ts'
import type { Given, NamedConfig } from '../nn/named.ts'
import { formatShape, sameShape } from '../onnx/dims.ts'
import { elementCount } from '../onnx/tensor.ts'
import { quoted } from './column-rules.ts'

/**
 * The loss asked for, or the one that output and values call for, and the target as it is learned by it.
 * @throws {Problem} shape_mismatch where a cell is not of the output's shape, invalid_target where a value cannot be learned
 * this way, loss_mismatch
 */
export function resolveTensorLoss(
  given: Given | undefined,
  output: ModelOutput,
  column: TensorColumn,
  target: TensorTarget,
): { loss: NamedConfig; target: TensorTarget } {
  const config = resolveLoss(given ?? usualLoss(output, column))
  const loss = lossOf(config)
  assertShape(output, column, config, loss)
  const fault = loss.anyVectors ? null : valueFaults[loss.targetKind](column, output)
  if (fault !== null) throw bodyProblem('invalid_target', '/target', `target: ${config.name} ${fault}.`)
  const misfit = loss.anyVectors ? null : loss.fits(...oneValueOf(column, loss.targetKind, output), config)
  if (misfit !== null) {
    const [at, field] = given === undefined ? ['/target', 'target'] : ['/loss', 'loss']
    throw bodyProblem('loss_mismatch', at, `${field}: ${misfit}.`)
  }
  const kind = kinds[loss.targetKind](column)
  return { loss: config, target: { ...target, kind, activation: loss.probabilities?.(config, output) ?? null } }
}

function usualLoss(output: ModelOutput, column: TensorColumn): Given {
  const { gives } = activationOf(output.activation)
  const fits = (kind: TargetKind) =>
    sameShape(column.shape, expectedShape(output, kind)) && valueFaults[kind](column, output) === null
  if (gives === 'distribution' && fits('one_hot')) return 'categorical_crossentropy'
  if (gives === 'distribution' && fits('class_index')) return 'sparse_categorical_crossentropy'
  return gives === 'probability' && fits('binary') ? 'binary_crossentropy' : 'mean_squared_error'
}

function expectedShape({ shape }: ModelOutput, kind: TargetKind): readonly number[] {
  return kind === 'class_index' ? shape.slice(0, -1) : shape
}

function assertShape(output: ModelOutput, column: TensorColumn, config: NamedConfig, loss: Loss): void {
  const expected = expectedShape(output, loss.targetKind)
  if (sameShape(column.shape, expected)) return
  const which =
    loss.targetKind === 'class_index' ? ` (class indices for an output of ${formatShape(output.shape)})` : ''
  const detail =
    `target: the cells of column ${quoted(column.name)} have the shape ${formatShape(column.shape)}, ` +
    `${config.name} expects ${formatShape(expected)}${which}, the shape of the model's output. ` +
    'Change the last layer, the data or the loss.'
  throw bodyProblem('shape_mismatch', '/target', detail)
}

/** What is wrong with the values for a loss of a kind, in words after the loss; null where all fit. */
type ValueFault = (column: TensorColumn, output: ModelOutput) => string | null

const valueFaults: Readonly<Record<TargetKind, ValueFault>> = {
  number: () => null,
  binary: (column) => firstFault(column, (value) => value >= 0 && value <= 1, 'learns numbers from 0 to 1'),
  class_index: (column, { shape }) => {
    const classes = shape.at(-1) ?? 1
    const isClass = (value: number) => Number.isInteger(value) && value >= 0 && value < classes
    return firstFault(column, isClass, `learns class indices from 0 to ${classes - 1}`)
  },
  one_hot: (column) =>
    firstFault(column, (value) => value >= 0 && value <= 1, 'learns one-hot rows, of 0 and 1') ?? sumFault(column),
}

function firstFault({ name, shape, values }: TensorColumn, fits: (value: number) => boolean, what: string) {
  const at = values.findIndex((value) => !fits(value))
  if (at < 0) return null
  const size = elementCount(shape)
  return `${what}, column ${quoted(name)} holds ${values[at]} in row ${Math.floor(at / size) + 1}`
}

/** Rounding of shares written as decimals. */
const TOLERANCE = 1e-3

function sumFault({ name, shape, values }: TensorColumn): string | null {
  const classes = shape.at(-1) ?? 1
  const size = elementCount(shape)
  for (let start = 0; start < values.length; start += classes) {
    let sum = 0
    for (let i = 0; i < classes; i++) sum += values[start + i] as number
    if (Math.abs(sum - 1) <= TOLERANCE) continue
    return `learns one-hot rows, which add up to 1; column ${quoted(name)} adds up to ${sum} in row ${Math.floor(start / size) + 1}`
  }
  return null
}

const isZeroOrOne = ({ values }: TensorColumn): boolean => values.every((value) => value === 0 || value === 1)

/** Shares between 0 and 1 are numbers to come near to, not classes to choose. */
const kinds: Readonly<Record<TargetKind, (column: TensorColumn) => TensorTargetKind>> = {
  number: () => 'numbers',
  binary: (column) => (isZeroOrOne(column) ? 'multilabel' : 'numbers'),
  one_hot: (column) => (isZeroOrOne(column) ? 'one_hot' : 'numbers'),
  class_index: () => 'class_ids',
}

/** The shapes agree: what is left for the loss to judge is the output's activation, as if the cell were one value. */
function oneValueOf({ name }: TensorColumn, kind: TargetKind, { shape, activation }: ModelOutput) {
  const classes = shape.at(-1) ?? 1
  const perClass = kind === 'one_hot' || kind === 'class_index'
  const labels = Array.from({ length: perClass ? classes : 2 }, (_, index) => String(index))
  const target: Target =
    kind === 'number'
      ? { kind: 'regression', column: name }
      : { kind: perClass ? 'multiclass' : 'binary', column: name, labels }
  return [{ shape: [perClass ? classes : 1], activation }, target] as const
}
