/** The network half of a plan: the model on this data, its loss and its metrics. */
import type { FittedEncoder } from '../data/encoders/encoder.ts'
import { encodedWidth } from '../data/encoders/table-encoder.ts'
import type { FittedTarget } from '../data/target.ts'
import { bodyProblem } from '../errors.ts'
import type { Definition } from '../nn/definition.ts'
import { lossOf } from '../nn/losses/index.ts'
import type { TargetKind } from '../nn/losses/loss.ts'
import { metricOf, metricTargetKind, type ResolvedMetric, resolveMetric } from '../nn/metrics/index.ts'
import { buildModel, hasOpenInput, type Model, type ModelOutput } from '../nn/model.ts'
import type { Given, NamedConfig } from '../nn/named.ts'
import { resolveTrainingLoss, unitsOf } from './loss.ts'
import type { TrainingRequest } from './request.ts'

export interface NetworkPlan {
  readonly model: Model
  readonly loss: NamedConfig
  readonly metrics: readonly ResolvedMetric[]
  readonly metricKind: TargetKind
  /** The target, which now knows whether the model gives logits. */
  readonly target: FittedTarget
}

/**
 * Plans the network for encoded data.
 * @throws {Problem} shape_mismatch, loss_mismatch, invalid_training
 */
export function planNetwork(
  definition: Definition,
  encoders: readonly FittedEncoder[],
  target: FittedTarget,
  request: TrainingRequest,
): NetworkPlan {
  const model = modelFor(definition, encoders)
  const [output] = model.outputs
  if (output === undefined) throw new Error('a model without an output')
  const loss = resolveTrainingLoss(request.loss, output, target)
  const metricKind = metricTargetKind(lossOf(loss), target)
  const metrics = resolveMetrics(request.metrics ?? [usualMetric(target)], metricKind, output)
  return { model, loss, metrics, metricKind, target: withLogits(target, loss, output) }
}

/** @throws {Problem} shape_mismatch with both widths, or from a layer that the width does not suit */
function modelFor(definition: Definition, encoders: readonly FittedEncoder[]): Model {
  const width = encodedWidth(encoders)
  if (hasOpenInput(definition)) return buildModel(definition, [width])
  const model = buildModel(definition)
  const shape = model.inputs[0]?.shape ?? []
  if (shape.reduce((product, length) => product * length, 1) === width) return model
  const wide = encoders.filter((encoder) => encoder.width > 1)
  const because = wide.map((encoder) => `${encoder.column} makes ${encoder.width}`).join(', ')
  const detail =
    `features: the ${encoders.length} features make ${width} numbers${because && ` (${because})`}, ` +
    `the model's input has shape [${shape.join(', ')}]. ` +
    'Choose other features, or leave the shape of Input out (null): it then follows from the data.'
  throw bodyProblem('shape_mismatch', '/features', detail)
}

function usualMetric(target: FittedTarget): Given {
  return target.kind === 'regression' ? 'mean_absolute_error' : 'accuracy'
}

function resolveMetrics(given: readonly Given[], targetKind: TargetKind, output: ModelOutput): ResolvedMetric[] {
  const units = unitsOf(output)
  const resolved = given.map(resolveMetric)
  for (const [index, { key, config }] of resolved.entries()) {
    const twice = resolved.findIndex((other) => other.key === key) < index
    const misfit = twice ? `${key} is named twice` : metricOf(config).fits?.({ targetKind, units })
    if (misfit) throw bodyProblem('invalid_training', `/metrics/${index}`, `metrics[${index}]: ${misfit}.`)
  }
  return resolved
}

/** A model that gives logits needs probabilities made of them where it is served. */
function withLogits(target: FittedTarget, loss: NamedConfig, output: ModelOutput): FittedTarget {
  if (target.kind === 'regression') return target
  return { ...target, fromLogits: (lossOf(loss).probabilities?.(loss, output) ?? null) !== null }
}
