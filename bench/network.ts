/** A task in the engine's own terms: its model, its data as a training part, its settings, its state before the first step. */
import { parseDefinition } from '../src/nn/definition.ts'
import { resolveLoss } from '../src/nn/losses/index.ts'
import { buildModel } from '../src/nn/model.ts'
import { resolveOptimizer } from '../src/nn/optimizers/index.ts'
import type { TrainingState } from '../src/training/checkpoint.ts'
import type { FitSettings } from '../src/training/fit.ts'
import { type Rows, startOf } from './data.ts'
import type { Task } from './task.ts'

/** What `fit` trains for a task: no validation part, no metrics. */
export function fitSettings(task: Task, { x, y }: Rows): FitSettings {
  const { rows, inputShape, batch, threads } = task
  const classes = task.loss === 'sparse_categorical_crossentropy'
  return {
    model: buildModel(parseDefinition({ layers: task.layers })),
    loss: resolveLoss(task.loss),
    optimizer: resolveOptimizer(task.optimizer),
    metrics: [],
    metricKind: classes ? 'class_index' : 'binary',
    train: {
      rows,
      x: { type: 'float32', dims: [rows, ...inputShape], data: x },
      y: classes
        ? { type: 'int32', dims: [rows], data: Int32Array.from(y) }
        : { type: 'float32', dims: [rows, 1], data: y },
    },
    validation: null,
    epochs: Number.MAX_SAFE_INTEGER,
    batchSize: batch,
    shuffle: false,
    seed: 7,
    providers: ['cpu'],
    threads,
  }
}

/** The weights that every peer of the task starts from. */
export function startState({ weights }: Task): TrainingState {
  return {
    weights: new Map(weights.map((weight) => [weight.name, { shape: weight.shape, data: startOf(weight) }])),
    slots: new Map(),
    position: { epoch: 0, stepInEpoch: 0, step: 0, sums: null, best: null },
  }
}
