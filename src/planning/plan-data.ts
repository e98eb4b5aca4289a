/** The data half of a plan: which rows and columns are learned from, how they are split and encoded. */
import type { ColumnInfo } from '../data/columns.ts'
import type { FittedEncoder } from '../data/encoders/encoder.ts'
import { encodedWidth, fitEncoders } from '../data/encoders/table-encoder.ts'
import { usableRows } from '../data/missing-values.ts'
import { type Split, splitRows } from '../data/splits.ts'
import { columnNamed, type Table } from '../data/table.ts'
import { encodeTarget, type FittedTarget, fitTarget } from '../data/target.ts'
import { bodyProblem, type Warning } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import { resolveColumns } from './columns.ts'
import { type FeatureGroup, inputsOf } from './feature-groups.ts'
import { withRange } from './id-range.ts'
import { targetUseOf } from './loss.ts'
import { forOutput, type OutputRequest } from './output-requests.ts'
import type { ResolvedRequest, TrainingRequest } from './request.ts'
import { resolveSplit } from './split.ts'

/** One input of the model, and the encoders whose numbers fill it side by side. */
export interface InputPlan {
  readonly name: string
  readonly encoders: readonly FittedEncoder[]
}

export interface DataPlan {
  readonly split: Split
  /** What each of the model's inputs is fed from, in the model's order. */
  readonly inputs: readonly InputPlan[]
  /** Those of all inputs. */
  readonly encoders: readonly FittedEncoder[]
  /** What each output learns, in the model's order. */
  readonly targets: readonly FittedTarget[]
  readonly warnings: readonly Warning[]
  readonly toldBack: Pick<ResolvedRequest, 'features' | 'target' | 'preprocessing' | 'missing_values' | 'split'>
}

/** Encoded rows are kept in memory whole: so many numbers, 2 GiB. */
const MOST_NUMBERS = 2 ** 29

/**
 * Plans the data. The definition is asked whether its output learns classes, where request and column do not say, and whether
 * it looks its input's numbers up.
 * @throws {Problem} invalid_training, unknown_column, missing_values, invalid_target, invalid_split
 */
export function planData(
  table: Table,
  columns: readonly ColumnInfo[],
  definition: Definition,
  request: TrainingRequest,
  seed: number,
  outputs: readonly OutputRequest[],
): DataPlan {
  const use = resolveColumns(table, columns, request, inputsOf(definition), outputs)
  const rows = usableRows(table, use.missing)
  if (rows.length === 0) {
    const detail = 'missing_values: no row is left after dropping those with missing values.'
    throw bodyProblem('missing_values', '/missing_values', detail)
  }
  const targets = use.targets.map((name, place) => {
    const output = outputs[place] as OutputRequest
    return forOutput(output, () => {
      return fitTarget(table, rows, name, targetUseOf(columnNamed(table, name), definition, output.loss, place))
    })
  })
  const { stratifyBy, settings, toldBack } = resolveSplit(
    request,
    outputs.map(({ name }, place) => ({ name, hasClasses: 'labels' in (targets[place] as FittedTarget) })),
  )
  const classes = targets.flatMap((target, place) => {
    if (!('labels' in target)) return []
    return [
      { place, classes: encodeTarget(target, table, rows), labels: target.labels, output: outputs[place]?.output },
    ]
  })
  const split = splitRows(
    { rows, targets: classes, stratifyBy: classes.find(({ place }) => place === stratifyBy) ?? null },
    settings,
    seed,
  )
  const fitted = fitEncoders(table, split.train, use.features)
  assertFits(encodedWidth(fitted), rows.length)
  const inputs = encodersOfInputs(use.groups, fitted, table, rows)
  const encoders = inputs.flatMap((input) => input.encoders)
  return {
    ...{ split, inputs, encoders, targets, warnings: [...use.warnings, ...split.warnings] },
    toldBack: {
      features: featuresToldBack(use.groups, request),
      target: targetsToldBack(use.targets, outputs),
      ...use.toldBack,
      split: toldBack,
    },
  }
}

/** @throws {Problem} invalid_training where an id is not one that the model looks up */
function encodersOfInputs(
  groups: readonly FeatureGroup[],
  fitted: readonly FittedEncoder[],
  table: Table,
  rows: Int32Array,
): InputPlan[] {
  const left = [...fitted] // in the order of the groups
  return groups.map(({ input, names, range, at }) => {
    const own = left.splice(0, names.length)
    return { name: input, encoders: range ? withRange(own, table, rows, range, at) : own }
  })
}

/** As it was asked for: an object where inputs are named. */
function featuresToldBack(groups: readonly FeatureGroup[], { features }: TrainingRequest): ResolvedRequest['features'] {
  if (features !== undefined && !Array.isArray(features)) {
    return Object.fromEntries(groups.map(({ input, names }) => [input, names]))
  }
  return groups.flatMap(({ names }) => names)
}

function targetsToldBack(targets: readonly string[], outputs: readonly OutputRequest[]): ResolvedRequest['target'] {
  if (outputs.length === 1) return targets[0] as string
  return Object.fromEntries(targets.map((name, place) => [outputs[place]?.output, name]))
}

function assertFits(width: number, rows: number): void {
  if (width * rows <= MOST_NUMBERS) return
  const detail =
    `features: ${rows} rows of ${width} encoded numbers are more than the ${MOST_NUMBERS} numbers that are kept in memory; ` +
    'leave wide columns out.'
  throw bodyProblem('invalid_training', '/features', detail)
}
