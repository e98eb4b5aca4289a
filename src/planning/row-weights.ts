/** What each row weighs in the loss: by its class, by a column of its own, or both multiplied. Metrics are not weighted. */
import { pointer } from '../data/pointer.ts'
import type { Split } from '../data/splits.ts'
import { columnNamed, findColumn, isMissing, type Table } from '../data/table.ts'
import { encodeTarget, type FittedTarget } from '../data/target.ts'
import { Problem } from '../errors.ts'
import { type Mistake, mistake, quoted } from './column-rules.ts'
import type { TrainingRequest } from './request.ts'

export interface RowWeighting {
  /** The weight of each class, by its index; null where all weigh 1. Counts in training, not in validation and test (Keras). */
  readonly classWeights: readonly number[] | null
  /** The column with the weight of each row, in every part; null where all weigh 1. */
  readonly sampleWeight: string | null
}

/** What is wrong with the column of `sample_weight`. */
export function sampleWeightMistakes(
  table: Table,
  { sample_weight, features }: TrainingRequest,
  targets: readonly string[],
): Mistake[] {
  if (typeof sample_weight !== 'string') return []
  const at = '/sample_weight'
  const wrong = (detail: string) => [mistake('invalid_training', at, `sample_weight: ${detail}`)]
  const column = findColumn(table, sample_weight)
  if (column === null) {
    const names = table.columns.map(({ name }) => name).join(', ')
    return [mistake('unknown_column', at, `The dataset has no column ${quoted(sample_weight)}; it has ${names}.`)]
  }
  if (targets.includes(sample_weight)) return wrong(`${quoted(sample_weight)} is the target; name another column.`)
  if (
    Object.values(features ?? {})
      .flat()
      .includes(sample_weight)
  ) {
    return wrong(`${quoted(sample_weight)} is one of the features; leave it out of one of them.`)
  }
  if (column.type !== 'number') {
    return wrong(`column ${quoted(sample_weight)} is of type ${column.type}; weights are numbers, 0 or more.`)
  }
  const row = column.values.findIndex((value) => value < 0 || value === Number.POSITIVE_INFINITY)
  if (row < 0) return []
  const value = column.values[row]
  return wrong(
    `column ${quoted(sample_weight)} holds ${value} in row ${row + 1}; weights are finite numbers, 0 or more.`,
  )
}

/**
 * The weights that a request asks for.
 * @throws {Problem} invalid_training: a label that is no class of the target, or a target without classes
 */
export function resolveRowWeighting(
  { class_weight = null, sample_weight = null }: TrainingRequest,
  { table, target, split }: { readonly table: Table; readonly target: FittedTarget; readonly split: Split },
): RowWeighting {
  if (class_weight === null) return { classWeights: null, sampleWeight: sample_weight }
  if (!('labels' in target)) {
    const detail = `class_weight: the target ${quoted(target.column)} is learned as numbers and has no classes; use sample_weight with a column of weights.`
    throw problemOf([mistake('invalid_training', '/class_weight', detail)])
  }
  const classWeights =
    class_weight === 'balanced'
      ? balanced(encodeTarget(target, table, split.train), target.labels.length)
      : givenWeights(class_weight, target)
  return { classWeights, sampleWeight: sample_weight }
}

type Classes = Extract<FittedTarget, { readonly labels: readonly string[] }>

/** rows / (classes · rows of the class), over the training part, as scikit-learn; 1 where a class has no row there. */
function balanced(classes: Float64Array, count: number): number[] {
  const rows = new Array<number>(count).fill(0)
  for (const index of classes) rows[index] = (rows[index] ?? 0) + 1
  const present = rows.filter((of) => of > 0).length
  return rows.map((of) => (of === 0 ? 1 : classes.length / (present * of)))
}

/** A class that is left out weighs 1. */
function givenWeights(given: Readonly<Record<string, number>>, target: Classes): number[] {
  const weights = target.labels.map(() => 1)
  const unknown: Mistake[] = []
  for (const [label, weight] of Object.entries(given)) {
    const index = classOf(label, target)
    if (index >= 0) weights[index] = weight
    else {
      const known = target.labels.map(quoted).join(', ')
      const detail = `class_weight: ${quoted(label)} is no class of the target ${quoted(target.column)}; its classes are ${known}.`
      unknown.push(mistake('invalid_training', pointer('class_weight', label), detail))
    }
  }
  if (unknown.length > 0) throw problemOf(unknown)
  return weights
}

/** The label as it was written; a number may be written another way (`1.0` for 1). */
function classOf(
  label: string,
  { type, labels }: { readonly type: string; readonly labels: readonly string[] },
): number {
  const index = labels.indexOf(label)
  if (index >= 0 || type !== 'number' || label.trim() === '') return index
  return labels.findIndex((known) => Number(known) === Number(label))
}

function problemOf(mistakes: readonly Mistake[]): Problem {
  const errors = mistakes.map(({ code: _, ...part }) => part)
  return new Problem('invalid_training', errors.map(({ detail }) => detail).join(' '), { errors })
}

/** The weight of each row of a part whose classes are `truth`; null where all weigh 1. */
export function rowWeights(
  { classWeights, sampleWeight }: RowWeighting,
  table: Table,
  rows: Int32Array,
  truth: Float64Array,
): Float32Array | null {
  if (!classWeights && !sampleWeight) return null
  const weights = Float32Array.from(truth, (index) => classWeights?.[index] ?? 1)
  if (sampleWeight === null) return weights
  const column = columnNamed(table, sampleWeight)
  if (column.type !== 'number') throw new Error(`the weights ${sampleWeight} are no numbers`)
  for (const [i, row] of rows.entries()) {
    if (isMissing(column, row)) throw new Error(`the weights ${sampleWeight} have no value in row ${row + 1}`)
    weights[i] = (weights[i] as number) * (column.values[row] as number)
  }
  return weights
}
