/** The network half of a plan: the model on this data, its loss and its metrics. */
import type { FittedEncoder } from '../data/encoders/encoder.ts'
import { encodedShape } from '../data/encoders/table-encoder.ts'
import { pointer } from '../data/pointer.ts'
import { type ColumnOf, columnNamed, type Table } from '../data/table.ts'
import type { FittedTarget, ScalarTarget } from '../data/target.ts'
import { bodyProblem } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import { lossOf } from '../nn/losses/index.ts'
import type { TargetKind } from '../nn/losses/loss.ts'
import { metricOf, metricTargetKind, type ResolvedMetric, resolveMetric } from '../nn/metrics/index.ts'
import { buildModel, hasOpenInput, type Model, type ModelOutput } from '../nn/model.ts'
import type { Given, NamedConfig } from '../nn/named.ts'
import { sameShape } from '../onnx/dims.ts'
import { elementCount } from '../onnx/tensor.ts'
import { quoted } from './column-rules.ts'
import { resolveTrainingLoss } from './loss.ts'
import { forOutput, type OutputRequest } from './output-requests.ts'
import type { InputPlan } from './plan-data.ts'
import { resolveTensorLoss } from './tensor-loss.ts'

export interface NetworkPlan {
  readonly model: Model
  readonly loss: NamedConfig
  readonly metrics: readonly ResolvedMetric[]
  readonly metricKind: TargetKind
  /** The classes in words, where the target has them. */
  readonly labels: readonly string[] | null
  /** The target, which now knows whether the model gives logits. */
  readonly target: FittedTarget
  /** Where the model has several outputs: how each is learned, the first one too, and what. */
  readonly outputs?: readonly OutputPlan[]
  readonly targets?: readonly FittedTarget[]
}

/** One of several outputs. */
export interface OutputPlan extends Pick<NetworkPlan, 'loss' | 'metrics' | 'metricKind' | 'labels'> {
  readonly name: string
  readonly lossWeight: number
}

/**
 * Plans the network for encoded data.
 * @throws {Problem} shape_mismatch, loss_mismatch, invalid_training
 */
export function planNetwork(
  definition: Definition,
  inputs: readonly InputPlan[],
  targets: readonly FittedTarget[],
  requests: readonly OutputRequest[],
  table: Table,
): NetworkPlan {
  const model = modelFor(definition, inputs)
  const planned = requests.map((request, place) => {
    const [output, target] = [model.outputs[place] as ModelOutput, targets[place] as FittedTarget]
    return forOutput(request, () => planOutput(request, output, target, table))
  })
  const [first, ...others] = planned
  if (first === undefined) throw new Error('a model without an output')
  if (others.length === 0) return { model, ...first }
  const outputs = planned.map(({ target: _, ...plan }, place): OutputPlan => {
    const { name } = model.outputs[place] as ModelOutput
    return { ...plan, name, lossWeight: requests[place]?.lossWeight ?? 1 }
  })
  assertKeys(outputs)
  return { model, ...first, outputs, targets: planned.map(({ target }) => target) }
}

function planOutput(
  request: OutputRequest,
  output: ModelOutput,
  target: FittedTarget,
  table: Table,
): Omit<NetworkPlan, 'model' | 'outputs' | 'targets'> {
  const learned = learn(request.loss, output, target, table)
  const { loss, metricKind } = learned
  const metrics = resolveMetrics(request.metrics ?? [usualMetric(metricKind)], metricKind, output)
  const labels = 'labels' in target ? target.labels : null
  return { loss, metrics, metricKind, labels, target: learned.target }
}

/** The keys that each of several outputs has in the history: its loss, then its metrics. */
export function keysOf({ name, metrics }: OutputPlan): string[] {
  return [`${name}_loss`, ...metrics.map(({ key }) => `${name}_${key}`)]
}

/** @throws {Problem} invalid_training where two numbers of the history would have one name */
function assertKeys(outputs: readonly OutputPlan[]): void {
  const keys = outputs.flatMap(keysOf)
  const twice = keys.find((key, index) => keys.indexOf(key) < index)
  if (twice === undefined) return
  const detail = `metrics: ${quoted(twice)} would be two numbers of the history; give an output of the model another name.`
  throw bodyProblem('invalid_training', '/metrics', detail)
}

function learn(
  given: Given | undefined,
  output: ModelOutput,
  target: FittedTarget,
  table: Table,
): Pick<NetworkPlan, 'loss' | 'metricKind' | 'target'> {
  if (target.type !== 'tensor') {
    const loss = resolveTrainingLoss(given, output, target)
    return { loss, metricKind: metricTargetKind(lossOf(loss), target), target: withLogits(target, loss, output) }
  }
  const column = columnNamed(table, target.column) as ColumnOf<'tensor'> // as the target says
  const resolved = resolveTensorLoss(given, output, column, target)
  // shares and vectors are numbers to come near to, whatever their loss takes them for
  const metricKind = resolved.target.kind === 'numbers' ? 'number' : lossOf(resolved.loss).targetKind
  return { ...resolved, metricKind }
}

/** @throws {Problem} shape_mismatch with both shapes, or from a layer that the data's does not suit */
function modelFor(definition: Definition, inputs: readonly InputPlan[]): Model {
  const [only, ...others] = inputs
  if (only && others.length === 0 && hasOpenInput(definition)) {
    return buildModel(definition, encodedShape(only.encoders))
  }
  const model = buildModel(definition)
  for (const [i, { name, encoders }] of inputs.entries()) {
    const shape = model.inputs[i]?.shape ?? []
    const encoded = encodedShape(encoders)
    // numbers side by side have no shape of their own: they may fill any
    const fits = encoders[0]?.type === 'tensor' ? sameShape(shape, encoded) : elementCount(shape) === encoded[0]
    const at = inputs.length === 1 ? '/features' : pointer('features', name)
    if (!fits) throw bodyProblem('shape_mismatch', at, misfit(encoders, encoded, shape))
  }
  return model
}

function misfit(encoders: readonly FittedEncoder[], encoded: readonly number[], shape: readonly number[]): string {
  const [first] = encoders
  const advice = 'or leave the shape of Input out (null): it then follows from the data.'
  const input = `the model's input has shape [${shape.join(', ')}]`
  if (first?.type === 'tensor') {
    return `features: the cells of ${quoted(first.column)} have the shape [${encoded.join(', ')}], ${input}. Change one of them, ${advice}`
  }
  const wide = encoders.filter((encoder) => encoder.width > 1)
  const because = wide.map((encoder) => `${encoder.column} makes ${encoder.width}`).join(', ')
  const made = `${encoders.length} features make ${encoded[0]} numbers${because && ` (${because})`}`
  return `features: the ${made}, ${input}. Choose other features, ${advice}`
}

function usualMetric(kind: TargetKind): Given {
  return kind === 'number' ? 'mean_absolute_error' : 'accuracy'
}

function resolveMetrics(given: readonly Given[], targetKind: TargetKind, output: ModelOutput): ResolvedMetric[] {
  const units = output.shape.at(-1) ?? 1
  const resolved = given.map(resolveMetric)
  for (const [index, { key, config }] of resolved.entries()) {
    const twice = resolved.findIndex((other) => other.key === key) < index
    const misfit = twice ? `${key} is named twice` : metricOf(config).fits?.({ targetKind, units }, config)
    if (misfit) throw bodyProblem('invalid_training', `/metrics/${index}`, `metrics[${index}]: ${misfit}.`)
  }
  return resolved
}

/** A model that gives logits needs probabilities made of them where it is served. */
function withLogits(target: ScalarTarget, loss: NamedConfig, output: ModelOutput): ScalarTarget {
  if (target.kind === 'regression') return target
  return { ...target, fromLogits: (lossOf(loss).probabilities?.(loss, output) ?? null) !== null }
}
