/** The benchmark's network in the engine's own terms: its model, its data as a training part, its settings. */
import { parseDefinition } from '../src/nn/definition.ts'
import { resolveLoss } from '../src/nn/losses/index.ts'
import { buildModel } from '../src/nn/model.ts'
import { resolveOptimizer } from '../src/nn/optimizers/index.ts'
import type { FitSettings } from '../src/training/fit.ts'
import { learningRate, syntheticData, type Task } from './task.ts'

/** What `fit` trains for a task: no validation part, no metrics, Adam. */
export function fitSettings(task: Task): FitSettings {
  const { widths, batch, samples, threads } = task
  const [features, ...units] = widths as [number, ...number[]]
  const layers = units.map((width, i) => ({
    type: 'Dense',
    units: width,
    activation: i < units.length - 1 ? 'relu' : 'softmax',
  }))
  const adam = { name: 'adam', learning_rate: learningRate }
  const data = syntheticData(task)
  return {
    model: buildModel(parseDefinition({ layers: [{ type: 'Input', shape: [features] }, ...layers] })),
    loss: resolveLoss('sparse_categorical_crossentropy'),
    optimizer: resolveOptimizer(adam),
    metrics: [],
    metricKind: 'class_index',
    train: {
      rows: samples,
      x: { type: 'float32', dims: [samples, features], data: data.x },
      y: { type: 'int32', dims: [samples], data: data.labels },
    },
    validation: null,
    epochs: Number.MAX_SAFE_INTEGER,
    batchSize: batch,
    shuffle: true,
    seed: 7,
    providers: ['cpu'],
    threads,
  }
}
