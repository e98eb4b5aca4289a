/** The target of a training: numbers to predict, or classes with labels. Lowered, it turns a model's output into answers. */
import type { Builder } from '../onnx/builder.ts'
import { stringTensor, tensorOf } from '../onnx/tensor.ts'
import type { Value } from '../onnx/value.ts'
import { cellsOf, columnNamed, gather, type ScalarColumn, type ScalarType, type Table } from './table.ts'
import { fitTensorTarget, lowerTensorTarget, type TensorTarget, targetProblem } from './tensor-target.ts'

/** A target with one value per row. */
export type ScalarTarget =
  | { readonly column: string; readonly type: ScalarType; readonly kind: 'regression' }
  | {
      readonly column: string
      readonly type: ScalarType
      readonly kind: 'binary' | 'multiclass'
      /** In numeric order where all are numbers, else in code-unit order; they do not depend on the split. */
      readonly labels: readonly string[]
      /** True where the model gives logits and probabilities are yet to be made. */
      readonly fromLogits: boolean
    }

/** Plain data, kept with a version. */
export type FittedTarget = ScalarTarget | TensorTarget

/** What a target is learned as. */
export type TargetUse = 'classes' | 'numbers'

/** More classes than this is a column of another kind, taken for classes by mistake. */
const MOST_CLASSES = 10_000

/** How a column is learned where the request does not say: texts and booleans as classes, numbers as numbers. */
export function usualTargetUse(column: ScalarColumn): TargetUse {
  return column.type === 'number' ? 'numbers' : 'classes'
}

/**
 * Finds the labels of the rows (all usable ones, not only those of training).
 * @throws {Problem} invalid_target (one class or too many, numbers that are no classes, texts that are no numbers)
 */
export function fitTarget(
  table: Table,
  rows: Int32Array,
  target: string,
  use: TargetUse,
  fromLogits = false,
): FittedTarget {
  const column = columnNamed(table, target)
  const { type } = column
  if (type === 'tensor') return fitTensorTarget(column)
  if (use === 'numbers') {
    if (type === 'category')
      throw targetProblem(target, 'holds texts, which are classes; a loss for numbers needs numbers')
    if (rows.length === 0) throw targetProblem(target, 'has no rows left to learn from')
    return { column: target, type, kind: 'regression' }
  }
  const labels = labelsOf(column, rows)
  if (labels.length > MOST_CLASSES) {
    throw targetProblem(
      target,
      `has ${labels.length} different values, more than the ${MOST_CLASSES} classes that can be learned`,
    )
  }
  if (labels.length < 2) {
    const found = labels[0] === undefined ? 'no class' : `one class only, ${JSON.stringify(labels[0])}`
    throw targetProblem(target, `has ${found} in ${rows.length} rows: expected at least two classes`)
  }
  return { column: target, type, kind: labels.length === 2 ? 'binary' : 'multiclass', labels, fromLogits }
}

function labelsOf(column: ScalarColumn, rows: Int32Array): string[] {
  const labels = new Set<string>()
  if (column.type === 'category') {
    const present = new Uint8Array(column.categories.length)
    for (const row of rows) present[column.codes[row] as number] = 1
    for (const [code, label] of column.categories.entries()) if (present[code]) labels.add(label)
  } else {
    const distinct = new Set<number>()
    for (const row of rows) distinct.add(column.values[row] as number)
    for (const value of distinct) labels.add(classLabel(column, value))
  }
  return sortLabels([...labels])
}

function classLabel(column: ScalarColumn, value: number): string {
  if (column.type === 'number' && !Number.isInteger(value)) {
    throw targetProblem(
      column.name,
      `holds ${value}, which is no class: a loss for classes needs texts or whole numbers`,
    )
  }
  return labelsByCell(column)(value)
}

/** Numeric order where every label is a number, so that 10 comes after 9. */
function sortLabels(labels: string[]): string[] {
  const inOrder = labels.sort()
  const numeric = inOrder.every((label) => label.trim() !== '' && Number.isFinite(Number(label)))
  return numeric ? inOrder.sort((a, b) => Number(a) - Number(b)) : inOrder
}

/** The target of each row: its number, or the index of its class. Rows with a missing target give NaN or -1. */
export function encodeTarget(fitted: ScalarTarget, table: Table, rows: Int32Array): Float64Array {
  const column = columnNamed(table, fitted.column)
  if (column.type === 'tensor') throw new Error(`the target ${fitted.column} holds tensors and was fitted as one value`)
  const cells = gather(cellsOf(column), rows)
  if (fitted.kind === 'regression') {
    if (column.type === 'category') throw new Error(`the target ${fitted.column} is text and was fitted as numbers`)
    return column.type === 'number' ? cells : cells.map((cell) => (cell < 0 ? Number.NaN : cell))
  }
  const indexOf = new Map(fitted.labels.map((label, index) => [label, index]))
  const labelOf = labelsByCell(column)
  const indexOfCell = new Map<number, number>()
  for (let i = 0; i < cells.length; i++) {
    const cell = cells[i] as number
    let index = indexOfCell.get(cell)
    if (index === undefined) {
      index = indexOf.get(labelOf(cell)) ?? -1
      indexOfCell.set(cell, index)
    }
    cells[i] = index
  }
  return cells
}

/** From a stored number or code to its label. */
function labelsByCell(column: ScalarColumn): (cell: number) => string {
  if (column.type === 'category') return (cell) => column.categories[cell] ?? ''
  return column.type === 'boolean' ? (cell) => (cell === 1 ? 'true' : cell === 0 ? 'false' : '') : String
}

/**
 * From the model's output to what is answered. One value: `value` float32 [batch], or `label` string [batch] and
 * `probabilities` float32 [batch, classes]; a single output p of two classes is the probability of the second, which wins
 * above 0.5. Several: `value` float32 as a cell of the target, [batch, …shape], and, where they are classes, `probabilities`
 * in the shape of the model's output.
 */
export function lowerTarget(
  op: Builder,
  fitted: FittedTarget,
  output: Value<'float32'>,
): { outputs: Partial<Record<TargetOutput, Value>> } {
  if (fitted.type === 'tensor') return { outputs: lowerTensorTarget(op, fitted, output) }
  const flat = op.ints([-1])
  if (fitted.kind === 'regression') return { outputs: { value: op.named('value').Reshape(output, flat) } }
  const labels = op.constant(stringTensor(fitted.labels), 'labels')
  if (output.shape.at(-1) !== 1) {
    const probabilities = fitted.fromLogits ? op.Softmax(output, { axis: -1 }) : output
    const winner = op.ArgMax(probabilities, { axis: -1, keepdims: 0 })
    return { outputs: { label: op.named('label').Gather(labels, winner, { axis: 0 }), probabilities } }
  }
  const p = fitted.fromLogits ? op.Sigmoid(output) : output
  const one = op.constant(tensorOf('float32', [1], []))
  const half = op.constant(tensorOf('float32', [0.5], []))
  const probabilities = op.named('probabilities').Concat([op.Sub(one, p), p], { axis: -1 })
  const winner = op.Reshape(op.Cast(op.Greater(p, half), { to: 'int64' }), flat)
  return { outputs: { label: op.named('label').Gather(labels, winner, { axis: 0 }), probabilities } }
}

/** The names of a served model's outputs. */
export type TargetOutput = 'label' | 'probabilities' | 'value'

/** The outputs that a served model has, by what it learned. */
export const targetOutputs: Readonly<Record<FittedTarget['kind'], readonly TargetOutput[]>> = {
  regression: ['value'],
  binary: ['label', 'probabilities'],
  multiclass: ['label', 'probabilities'],
  numbers: ['value'],
  multilabel: ['value', 'probabilities'],
  one_hot: ['value', 'probabilities'],
  class_ids: ['value', 'probabilities'],
}
