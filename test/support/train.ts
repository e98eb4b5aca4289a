/** Trains small networks on numbers given in the test, without a table or a service. */
import { parseDefinition } from '../../src/nn/definition.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import type { TargetKind } from '../../src/nn/losses/loss.ts'
import { resolveMetric } from '../../src/nn/metrics/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import type { Given } from '../../src/nn/named.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import {
  type FitEvents,
  type FitResult,
  type FitSettings,
  type HistoryRow,
  fit as train,
} from '../../src/training/fit.ts'

export interface SmallTraining {
  readonly layers: readonly object[]
  /** One row of numbers per sample. */
  readonly x: readonly (readonly number[])[]
  /** One number per sample: a value, or the index of a class. */
  readonly y: readonly number[]
  /** What each sample's loss is multiplied by. */
  readonly weights?: readonly number[]
  readonly loss: Given
  readonly optimizer: object
  readonly metrics?: readonly string[]
  readonly epochs?: number
  readonly batchSize?: number
  readonly shuffle?: boolean
  readonly validate?: boolean
}

/** The settings of `fit` for a small training; validation, where asked for, is on the same rows. */
export function smallSettings(given: SmallTraining): FitSettings {
  const { x, y, layers, metrics = [], epochs = 1, batchSize = x.length, shuffle = false, validate = false } = given
  const rows = x.length
  const width = x[0]?.length ?? 0
  const model = buildModel(parseDefinition({ layers: [{ type: 'Input', shape: [width] }, ...layers] }))
  const loss = resolveLoss(given.loss)
  const { targetKind } = lossOf(loss)
  const part = {
    rows,
    x: tensorOf('float32', x.flat(), [rows, width]),
    y: targetTensor(targetKind, y, model.outputs[0]?.shape[0] ?? 1),
    weights: given.weights ? Float32Array.from(given.weights) : null,
  }
  return {
    model,
    loss,
    optimizer: resolveOptimizer(given.optimizer as { name: string }),
    metrics: metrics.map(resolveMetric),
    metricKind: targetKind,
    train: part,
    validation: validate ? part : null,
    epochs,
    batchSize,
    shuffle,
    seed: 1,
    providers: ['cpu'],
    threads: 1,
  }
}

/** Targets in the form that a loss takes. */
function targetTensor(kind: TargetKind, y: readonly number[], units: number) {
  if (kind === 'class_index') return tensorOf('int32', y, [y.length])
  if (kind !== 'one_hot') return tensorOf('float32', y, [y.length, 1])
  const rows = y.flatMap((index) => Array.from({ length: units }, (_, unit) => Number(unit === index)))
  return tensorOf('float32', rows, [y.length, units])
}

/** Trains and gives the history beside the result. */
export async function trainSmall(
  given: SmallTraining,
  events: FitEvents = {},
): Promise<{ history: HistoryRow[]; result: FitResult }> {
  const history: HistoryRow[] = []
  const result = await train(smallSettings(given), { ...events, onEpoch: (row) => void history.push(row) })
  return { history, result }
}
