/** A training request, a table and a definition become a checked plan: all defaults resolved, every fault found before work begins. */
import { randomInt } from 'node:crypto'
import type { ColumnInfo } from '../data/columns.ts'
import type { FittedEncoder } from '../data/encoders/encoder.ts'
import { encodedWidth, fitEncoders } from '../data/encoders/table-encoder.ts'
import { usableRows } from '../data/missing-values.ts'
import { type Split, splitRows } from '../data/splits.ts'
import { columnNamed, type Table } from '../data/table.ts'
import { encodeTarget, type FittedTarget, fitTarget } from '../data/target.ts'
import { bodyProblem, type Warning } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import { lossOf } from '../nn/losses/index.ts'
import { metricOf, metricTargetKind, type ResolvedMetric, resolveMetric } from '../nn/metrics/index.ts'
import { buildModel, hasOpenInput, type Model, type ModelOutput } from '../nn/model.ts'
import type { Given, NamedConfig } from '../nn/named.ts'
import { resolveOptimizer } from '../nn/optimizers/index.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { resolveColumns } from './columns.ts'
import { resolveTrainingLoss, targetUseOf } from './loss.ts'
import { parseTrainingRequest, type ResolvedRequest, type TrainingRequest } from './request.ts'
import { resolveSplit } from './split.ts'

export interface TrainingPlan {
  /** The request with every default told back. */
  readonly request: ResolvedRequest
  readonly warnings: readonly Warning[]
  readonly split: Split
  readonly encoders: readonly FittedEncoder[]
  readonly target: FittedTarget
  /** Of one sample, without the batch axis; its product is the encoded width. */
  readonly inputShape: readonly number[]
  readonly model: Model
  readonly loss: NamedConfig
  readonly optimizer: OptimizerConfig
  readonly metrics: readonly ResolvedMetric[]
  readonly epochs: number
  readonly batchSize: number
  readonly shuffle: boolean
  readonly seed: number
}

export interface PlanInput {
  readonly definition: Definition
  readonly table: Table
  /** As told back with the dataset: roles stand there. */
  readonly columns: readonly ColumnInfo[]
  readonly request: unknown
  /** Taken where the request has none; drawn where neither has. */
  readonly seed?: number
}

const DEFAULT_EPOCHS = 10
const DEFAULT_BATCH = 32

/** Encoded rows are kept in memory whole: so many numbers, 2 GiB. */
const MOST_NUMBERS = 2 ** 29

/**
 * Plans a training. The request told back gives the same plan again.
 * @throws {Problem} invalid_training, unknown_column, missing_values, invalid_target, invalid_split, loss_mismatch,
 * shape_mismatch, each with the pointer of the field
 */
export function planTraining({
  definition,
  table,
  columns,
  request: given,
  seed: fallbackSeed,
}: PlanInput): TrainingPlan {
  const request = parseTrainingRequest(given)
  const use = resolveColumns(table, columns, request)
  const rows = usableRows(table, use.missing)
  if (rows.length === 0)
    throw bodyProblem('missing_values', '/missing_values', 'No row is left after dropping those with missing values.')
  const seed = request.seed ?? fallbackSeed ?? randomInt(2 ** 31)
  const targetUse = targetUseOf(columnNamed(table, use.target), definition, request.loss)
  const labelled = fitTarget(table, rows, use.target, targetUse)
  const settings = resolveSplit(request, targetUse === 'classes')
  const split = splitRows(splitSource(table, rows, labelled), settings, seed)
  const encoders = fitEncoders(table, split.train, use.features)
  const model = modelFor(definition, encodedWidth(encoders), encoders, split.train.length)
  const output = outputOf(model)
  const loss = resolveTrainingLoss(request.loss, output, labelled)
  const optimizer = resolveOptimizer(request.optimizer ?? 'adam')
  const metrics = resolveMetrics(
    request.metrics ?? [labelled.kind === 'regression' ? 'mean_absolute_error' : 'accuracy'],
    loss,
    output,
    labelled,
  )
  const batchSize = batchSizeOf(request, split.train.length)
  const { epochs = DEFAULT_EPOCHS, shuffle = true, device = 'auto', engine = 'onnxruntime', dataset } = request
  const features = use.features.map(({ column }) => column)
  const resolved: ResolvedRequest = {
    ...{ dataset, features, target: use.target, ...use.toldBack, split: settings, loss, optimizer },
    ...{ metrics: metrics.map(metricToldBack), epochs, batch_size: batchSize, shuffle, seed, device, engine },
  }
  const inputShape = model.inputs[0]?.shape ?? []
  const target = withLogits(labelled, loss)
  const { warnings } = split
  return {
    request: resolved,
    warnings,
    split,
    encoders,
    target,
    inputShape,
    model,
    loss,
    optimizer,
    metrics,
    epochs,
    batchSize,
    shuffle,
    seed,
  }
}

function splitSource(table: Table, rows: Int32Array, target: FittedTarget) {
  if (target.kind === 'regression') return { rows, classes: null, labels: [] }
  return { rows, classes: encodeTarget(target, table, rows), labels: target.labels }
}

/** The model on this data. @throws {Problem} shape_mismatch with both widths, or from a layer that the width does not suit */
function modelFor(definition: Definition, width: number, encoders: readonly FittedEncoder[], rows: number): Model {
  if (width * rows > MOST_NUMBERS) {
    const detail = `features: ${rows} training rows of ${width} encoded numbers are more than the ${MOST_NUMBERS} numbers that fit in memory; leave wide columns out.`
    throw bodyProblem('invalid_training', '/features', detail)
  }
  if (hasOpenInput(definition)) return buildModel(definition, [width])
  const model = buildModel(definition)
  const shape = model.inputs[0]?.shape ?? []
  if (shape.reduce((product, length) => product * length, 1) === width) return model
  const wide = encoders
    .filter((encoder) => encoder.width > 1)
    .map((encoder) => `${encoder.column} makes ${encoder.width}`)
  const because = wide.length > 0 ? ` (${wide.join(', ')})` : ''
  const detail =
    `features: the ${encoders.length} features make ${width} numbers${because}, the model's input has shape [${shape.join(', ')}]. ` +
    'Choose other features, or leave the shape of Input out (null): it then follows from the data.'
  throw bodyProblem('shape_mismatch', '/features', detail)
}

function outputOf(model: Model): ModelOutput {
  const [output] = model.outputs
  if (output === undefined) throw new Error('a model without an output')
  return output
}

function batchSizeOf({ batch_size }: TrainingRequest, trainRows: number): number {
  if (batch_size === undefined) return Math.min(DEFAULT_BATCH, trainRows)
  if (batch_size <= trainRows) return batch_size
  const detail = `batch_size: ${batch_size} is more than the ${trainRows} training rows; use at most ${trainRows}, or leave it out.`
  throw bodyProblem('invalid_training', '/batch_size', detail)
}

function resolveMetrics(
  given: readonly Given[],
  loss: NamedConfig,
  output: ModelOutput,
  target: FittedTarget,
): ResolvedMetric[] {
  const units = output.shape.reduce((product, length) => product * length, 1)
  const targetKind = metricTargetKind(lossOf(loss), target)
  const resolved = given.map(resolveMetric)
  for (const [index, { key, config }] of resolved.entries()) {
    const twice = resolved.findIndex((other) => other.key === key) < index
    const misfit = twice ? `${key} is named twice` : metricOf(config).fits?.({ targetKind, units })
    if (misfit) throw bodyProblem('invalid_training', `/metrics/${index}`, `metrics[${index}]: ${misfit}.`)
  }
  return resolved
}

/** Under the name it was given, which is its key in the history; as a plain name where it has no arguments. */
function metricToldBack({ key, config }: ResolvedMetric): Given {
  return Object.keys(config).length === 1 ? key : { ...config, name: key }
}

/** A model that gives logits needs probabilities made of them where it is served. */
function withLogits(target: FittedTarget, loss: NamedConfig): FittedTarget {
  if (target.kind === 'regression') return target
  return { ...target, fromLogits: (lossOf(loss).probabilities?.(loss) ?? null) !== null }
}
