/** A training request, a table and a definition become a checked plan: every default resolved, every fault found before work begins. */
import { randomInt } from 'node:crypto'
import type { ColumnInfo } from '../data/columns.ts'
import type { FittedEncoder } from '../data/encoders/encoder.ts'
import type { Split } from '../data/splits.ts'
import type { Table } from '../data/table.ts'
import type { FittedTarget } from '../data/target.ts'
import { bodyProblem, type Warning } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import type { ResolvedMetric } from '../nn/metrics/index.ts'
import type { Given } from '../nn/named.ts'
import { optimizerMisfit, resolveOptimizer } from '../nn/optimizers/index.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { assertEngine } from './engine.ts'
import { monitors } from './monitors.ts'
import { outputRequests } from './output-requests.ts'
import { type InputPlan, planData } from './plan-data.ts'
import { type NetworkPlan, type OutputPlan, planNetwork } from './plan-network.ts'
import { planPlateau, type ResolvedPlateau } from './plateau.ts'
import { parseTrainingRequest, type ResolvedRequest, type TrainingRequest } from './request.ts'
import { type RowWeighting, resolveRowWeighting } from './row-weights.ts'

export interface TrainingPlan extends NetworkPlan {
  /** The request with every default told back. */
  readonly request: ResolvedRequest
  readonly warnings: readonly Warning[]
  readonly split: Split
  /** What each of the model's inputs is fed from, in the model's order. */
  readonly inputs: readonly InputPlan[]
  readonly encoders: readonly FittedEncoder[]
  readonly weighting: RowWeighting
  /** Of one sample, without the batch axis, of the first input; its product is the encoded width. */
  readonly inputShape: readonly number[]
  readonly optimizer: OptimizerConfig
  readonly reduceLrOnPlateau: ResolvedPlateau | null
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
  /** What a caller sent, or `ResolvedRequest` as it was told back. */
  readonly request: unknown
  /** Taken where the request has none; drawn where neither has. */
  readonly seed?: number
}

const DEFAULT_EPOCHS = 10
const DEFAULT_BATCH = 32

/**
 * Plans a training. The request told back gives the same plan again.
 * @throws {Problem} invalid_training, unknown_column, missing_values, invalid_target, invalid_split, loss_mismatch,
 * shape_mismatch, each with the pointer of the field
 */
export function planTraining(input: PlanInput): TrainingPlan {
  const { definition, table, columns } = input
  const request = parseTrainingRequest(input.request)
  const seed = request.seed ?? input.seed ?? randomInt(2 ** 31)
  const outputs = outputRequests(request, definition)
  const { toldBack, targets, ...data } = planData(table, columns, definition, request, seed, outputs)
  const weighting = resolveRowWeighting(request, { table, target: targets[0] as FittedTarget, split: data.split })
  const network = planNetwork(definition, data.inputs, targets, outputs, table)
  const { class_weight = null, sample_weight = null } = request
  const { dataset, epochs = DEFAULT_EPOCHS, shuffle = true, device = 'auto', engine = 'onnxruntime' } = request
  const optimizer = planOptimizer(request)
  assertEngine(engine, { ...network, definition, optimizer, device })
  const batchSize = batchSizeOf(request, data.split.train.length)
  const known = monitorsOf(network, data.split.validation.length > 0)
  const reduceLrOnPlateau = planPlateau(request.reduce_lr_on_plateau, optimizer, known)
  const resolved: ResolvedRequest = {
    ...{ dataset, ...toldBack, ...outputsToldBack(network), class_weight, sample_weight, optimizer },
    ...{ reduce_lr_on_plateau: reduceLrOnPlateau, epochs, batch_size: batchSize, shuffle, seed, device, engine },
  }
  const inputShape = network.model.inputs[0]?.shape ?? []
  const run = { optimizer, reduceLrOnPlateau, epochs, batchSize, shuffle, seed }
  return { ...data, ...network, weighting, request: resolved, inputShape, ...run }
}

function planOptimizer({ optimizer: given }: TrainingRequest): OptimizerConfig {
  const optimizer = resolveOptimizer(given ?? 'adam')
  const misfit = optimizerMisfit(optimizer)
  if (misfit === null) return optimizer
  const pointer = `/optimizer${misfit.pointer}`
  throw bodyProblem('invalid_training', pointer, `${pointer.slice(1).replaceAll('/', '.')}: ${misfit.detail}`)
}

function batchSizeOf({ batch_size }: TrainingRequest, trainRows: number): number {
  if (batch_size === undefined) return Math.min(DEFAULT_BATCH, trainRows)
  if (batch_size <= trainRows) return batch_size
  const detail = `batch_size: ${batch_size} is more than the ${trainRows} training rows; use at most ${trainRows}, or leave it out.`
  throw bodyProblem('invalid_training', '/batch_size', detail)
}

function monitorsOf({ metrics, outputs }: NetworkPlan, withValidation: boolean) {
  if (!outputs) return monitors(metrics, withValidation)
  const own = outputs.flatMap(({ name, metrics: of }) =>
    of.map(({ key, config }) => ({ key: `${name}_${key}`, config })),
  )
  return monitors(
    own,
    withValidation,
    outputs.map(({ name }) => `${name}_loss`),
  )
}

/** By output where there are several. */
function outputsToldBack(network: NetworkPlan): Pick<ResolvedRequest, 'loss' | 'loss_weights' | 'metrics'> {
  const { loss, metrics, outputs } = network
  if (!outputs) return { loss, metrics: metrics.map(metricToldBack) }
  const byOutput = <T>(of: (output: OutputPlan) => T) => Object.fromEntries(outputs.map((one) => [one.name, of(one)]))
  return {
    loss: byOutput((output) => output.loss),
    loss_weights: byOutput(({ lossWeight }) => lossWeight),
    metrics: byOutput((output) => output.metrics.map(metricToldBack)),
  }
}

/** Under the name it was given, which is its key in the history; as a plain name where it has no arguments. */
function metricToldBack({ key, config }: ResolvedMetric): Given {
  return Object.keys(config).length === 1 ? key : { ...config, name: key }
}
