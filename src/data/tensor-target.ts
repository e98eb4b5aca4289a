/** A target of several numbers per row: numbers, labels, one-hot rows or class indices, whole tensors of one shape. */
import { bodyProblem, type Problem } from '../errors.ts'
import type { Builder } from '../onnx/builder.ts'
import { tensorOf } from '../onnx/tensor.ts'
import type { Value } from '../onnx/value.ts'
import { columnNamed, type Table, type TensorColumn, tensorRows } from './table.ts'

/** How such a cell is learned: numbers, several labels (0 or 1 each), one-hot rows, or a class index per step. */
export type TensorTargetKind = 'numbers' | 'multilabel' | 'one_hot' | 'class_ids'

/** Plain data, kept with a version. */
export interface TensorTarget {
  readonly column: string
  readonly type: 'tensor'
  readonly kind: TensorTargetKind
  /** Of one cell. */
  readonly shape: readonly number[]
  /** What makes probabilities of the model's output where it gives logits. */
  readonly activation: 'softmax' | 'sigmoid' | null
}

/** Numbers, until the loss says more. @throws {Problem} invalid_target where zeros were put in that nobody meant */
export function fitTensorTarget({ name, type, shape, lengths }: TensorColumn): TensorTarget {
  if (lengths !== null) throw targetProblem(name, 'holds lists of several lengths; a target has one shape in all rows')
  return { column: name, type, kind: 'numbers', shape, activation: null }
}

/** What is wrong with a target's column. */
export function targetProblem(target: string, reason: string): Problem {
  return bodyProblem('invalid_target', '/target', `target: column ${JSON.stringify(target)} ${reason}.`)
}

/** The numbers of the target of each row, [rows, …shape]. */
export function encodeTensorTarget(fitted: TensorTarget, table: Table, rows: Int32Array): Float32Array {
  const column = columnNamed(table, fitted.column)
  if (column.type !== 'tensor')
    throw new Error(`the target ${column.name} was fitted as a tensor, it is ${column.type}`)
  return tensorRows(column, rows)
}

/**
 * From the model's output to `value` float32 [batch, …shape], as a cell of the target is, and, where it holds labels or
 * classes, `probabilities` in the shape of the model's output. A label is there above 0.5.
 */
export function lowerTensorTarget(
  op: Builder,
  { kind, activation }: TensorTarget,
  output: Value<'float32'>,
): { value: Value; probabilities?: Value } {
  const given = activation === 'sigmoid' ? op.Sigmoid(output) : output
  const probabilities = activation === 'softmax' ? op.Softmax(output, { axis: -1 }) : given
  if (kind === 'numbers') return { value: probabilities }
  if (kind === 'multilabel') {
    return { value: op.Cast(op.Greater(probabilities, op.scalar(0.5, output)), { to: 'float32' }), probabilities }
  }
  const winner = op.ArgMax(probabilities, { axis: -1, keepdims: 0 })
  if (kind === 'class_ids') return { value: op.Cast(winner, { to: 'float32' }), probabilities }
  const depth = op.constant(tensorOf('int64', [Number(output.shape.at(-1))], []))
  const offAndOn = op.constant(tensorOf('float32', [0, 1]))
  return { value: op.OneHot(winner, depth, offAndOn, { axis: -1 }), probabilities }
}
