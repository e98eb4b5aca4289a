/**
 * Weights that take the mean and the variance of the training rows before the first step (Keras' `adapt` of a
 * Normalization): rows of validation and test are never looked at.
 */

import { adaptedAxes } from '../nn/adapted.ts'
import { callModel } from '../nn/lower.ts'
import type { BuiltLayer, Model } from '../nn/model.ts'
import { createBuilder } from '../onnx/builder.ts'
import { toBytes } from '../onnx/codec.ts'
import { Graph } from '../onnx/graph.ts'
import { prune } from '../onnx/passes/prune.ts'
import { elementCount } from '../onnx/tensor.ts'
import type { Real } from '../onnx/value.ts'
import { openSession } from '../runtime/session.ts'
import type { TrainingState } from './checkpoint.ts'
import { inputFeed } from './model-graph.ts'
import { noNoise } from './no-noise.ts'
import { rowsOf } from './rows-of.ts'
import { inputsOf, type PartData } from './trainer.ts'

interface AdaptSettings {
  readonly model: Model
  readonly train: PartData
  readonly providers: readonly string[]
}

/**
 * The state with those weights set. A layer behind others sees what they give in inference mode with their first weights.
 * @throws {Problem} engine_failed
 */
export async function adapted(settings: AdaptSettings, start: TrainingState): Promise<TrainingState> {
  const weights = new Map(start.weights)
  for (const layer of settings.model.layers) {
    const axes = layer.shares === null ? adaptedAxes(layer) : null
    if (axes === null) continue
    const { mean, variance } = await momentsBefore(layer, axes, settings, weights)
    const shape = layer.weights.get('mean')?.shape ?? []
    for (const [short, data] of Object.entries({ mean, variance })) {
      weights.set(`${layer.name}/${short}`, { shape, data: Float32Array.from(data) })
    }
  }
  return { ...start, weights }
}

interface Moments {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/** Rows of one native run: so many numbers of input at most. */
const numbersPerRun = 2 ** 22

/** Of what a layer takes, over all training rows. */
async function momentsBefore(
  layer: BuiltLayer,
  axes: readonly number[],
  { model, train, providers }: AdaptSettings,
  weights: TrainingState['weights'],
): Promise<Moments> {
  const session = await openSession(momentsProgram(model, layer, axes, weights), { providers })
  const rowSize = model.inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const rowsPerRun = Math.max(1, Math.floor(numbersPerRun / Math.max(1, rowSize)))
  try {
    let moments: Moments | null = null
    for (let start = 0; start < train.rows; start += rowsPerRun) {
      const rows = Math.min(rowsPerRun, train.rows - start)
      const feeds = Object.fromEntries(inputsOf(train).map((x, i) => [inputFeed(i), rowsOf(x, start, rows)]))
      const results = await session.run(feeds)
      const [mean, variance] = session.outputNames.map((name) => Float64Array.from(results[name]?.data as Float32Array))
      // each row brings as many numbers to a mean as the next, so that rows are what parts are weighted by
      moments = joined(
        moments,
        start,
        { mean: mean ?? new Float64Array(), variance: variance ?? new Float64Array() },
        rows,
      )
    }
    return moments ?? { mean: new Float64Array(), variance: new Float64Array() }
  } finally {
    await session.close()
  }
}

/** Mean and variance (of the population) of the layer's input over all axes but `axes`, for the rows that are fed. */
function momentsProgram(
  model: Model,
  layer: BuiltLayer,
  axes: readonly number[],
  weights: TrainingState['weights'],
): Uint8Array {
  const [source] = layer.sources
  if (!source) throw new Error(`${layer.name} takes nothing`)
  const graph = Graph.create('moments')
  const op = createBuilder(graph)
  const xs = model.inputs.map(({ shape }, i) => graph.input(inputFeed(i), 'float32', ['batch', ...shape]))
  const constants = Object.fromEntries(
    [...weights].map(([name, { shape, data }]) => [name, op.constant({ type: 'float32', dims: shape, data }, name)]),
  )
  const output = { name: source.layer, source, shape: layer.inputShapes[0] ?? [], activation: 'linear' } as const
  const upTo = { ...model, layers: layersBefore(model, source.layer), weights: [], outputs: [output] }
  const x = callModel(op, upTo, xs, constants, noNoise).outputs[0] as Real
  const others = op.ints(x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis])))
  const mean = op.ReduceMean(x, others, { keepdims: 1 })
  const centred = op.Sub(x, mean)
  const variance = op.ReduceMean(op.Mul(centred, centred), others, { keepdims: 1 })
  for (const value of [mean, variance]) graph.output(op.Reshape(value, op.ints([-1])))
  prune(graph)
  return toBytes(graph)
}

/** The layers that lead to one, itself too, in the model's order. */
function layersBefore({ layers }: Model, name: string): BuiltLayer[] {
  const wanted = new Set([name])
  for (const layer of [...layers].reverse()) {
    if (wanted.has(layer.name)) for (const source of layer.sources) wanted.add(source.layer)
  }
  return layers.filter((layer) => wanted.has(layer.name))
}

/** The moments of two parts together. @see Chan et al. 1983 */
function joined(before: Moments | null, rowsBefore: number, now: Moments, rows: number): Moments {
  if (before === null) return now
  const share = rows / (rowsBefore + rows)
  const mean = before.mean.map((value, i) => value + share * ((now.mean[i] ?? 0) - value))
  const variance = before.variance.map((value, i) => {
    const apart = (now.mean[i] ?? 0) - (before.mean[i] ?? 0)
    return value + share * ((now.variance[i] ?? 0) - value) + share * (1 - share) * apart * apart
  })
  return { mean, variance }
}
