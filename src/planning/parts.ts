/** The rows of one part of a plan, as the training program takes them. */
import { encodeRows } from '../data/encoders/table-encoder.ts'
import type { PartName } from '../data/splits.ts'
import type { Table } from '../data/table.ts'
import { encodeTarget, type FittedTarget } from '../data/target.ts'
import { encodeTensorTarget } from '../data/tensor-target.ts'
import { lossOf } from '../nn/losses/index.ts'
import type { TargetKind } from '../nn/losses/loss.ts'
import type { Tensor } from '../onnx/tensor.ts'
import type { TrainingPlan } from './plan.ts'
import { rowWeights } from './row-weights.ts'

/** `x` float32 [rows, …input shape]; `y` as the loss wants it: int32 [rows, …steps] for class indices, else float32 [rows, …output shape]. */
export interface EncodedPart {
  readonly rows: number
  readonly x: Tensor<'float32'>
  /** Of the other inputs of a model that has several. */
  readonly otherInputs?: readonly Tensor<'float32'>[]
  readonly y: Tensor<'float32'> | Tensor<'int32'>
  /** The targets of the other outputs of a model that has several. */
  readonly otherTargets?: readonly EncodedPart['y'][]
  /** What each row's loss is multiplied by; null where all weigh 1. */
  readonly weights: Float32Array | null
}

/** Encodes the rows of a part, in the order of the data. A part without rows has `rows` 0. */
export function encodePart(plan: TrainingPlan, table: Table, part: PartName): EncodedPart {
  const numbers = plan.split[part]
  const rows = numbers.length
  const [x, ...otherInputs] = plan.inputs.map(({ encoders }, i): Tensor<'float32'> => {
    const shape = plan.model.inputs[i]?.shape ?? []
    return { type: 'float32', dims: [rows, ...shape], data: encodeRows(encoders, table, numbers) }
  })
  if (!x) throw new Error('a model without an input')
  const { truth, y } = encodeTruth(plan, plan.model.outputs[0]?.shape ?? [], table, numbers)
  const otherTargets = otherTargetsOf(plan, table, numbers)
  const weighting = part === 'train' ? plan.weighting : { ...plan.weighting, classWeights: null }
  return {
    rows,
    x,
    ...(otherInputs.length > 0 && { otherInputs }),
    y,
    ...(otherTargets.length > 0 && { otherTargets }),
    weights: rowWeights(weighting, table, numbers, truth),
  }
}

function otherTargetsOf({ outputs = [], targets = [], model }: TrainingPlan, table: Table, rows: Int32Array) {
  return outputs.slice(1).map(({ loss }, i) => {
    const target = targets[i + 1] as FittedTarget
    return encodeTruth({ target, loss }, model.outputs[i + 1]?.shape ?? [], table, rows).y
  })
}

/** The target as the loss wants it, and the number or class of each row (zeros where a row has several). */
function encodeTruth(
  { target, loss }: Pick<TrainingPlan, 'target' | 'loss'>,
  shape: readonly number[],
  table: Table,
  rows: Int32Array,
) {
  const { targetKind } = lossOf(loss)
  if (target.type !== 'tensor') {
    const truth = encodeTarget(target, table, rows)
    return { truth, y: targetTensors[targetKind](truth, shape) }
  }
  const data = encodeTensorTarget(target, table, rows)
  const dims = [rows.length, ...target.shape]
  const y: EncodedPart['y'] =
    targetKind === 'class_index'
      ? { type: 'int32', dims, data: Int32Array.from(data) }
      : { type: 'float32', dims, data }
  return { truth: new Float64Array(rows.length), y }
}

type TargetTensor = (truth: Float64Array, shape: readonly number[]) => EncodedPart['y']

const asNumbers: TargetTensor = (truth, shape) => ({
  type: 'float32',
  dims: [truth.length, ...shape],
  data: Float32Array.from(truth),
})

const targetTensors: Readonly<Record<TargetKind, TargetTensor>> = {
  number: asNumbers,
  binary: asNumbers, // the index of the second class is 1
  class_index: (truth) => ({ type: 'int32', dims: [truth.length], data: Int32Array.from(truth) }),
  one_hot: (truth, shape) => {
    const classes = shape.at(-1) ?? 1
    const data = new Float32Array(truth.length * classes)
    for (let row = 0; row < truth.length; row++) data[row * classes + (truth[row] as number)] = 1
    return { type: 'float32', dims: [truth.length, ...shape], data }
  },
}
