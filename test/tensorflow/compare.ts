/** Trains the same with both engines and compares: histories, weights, slots. */
import { expect } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import type { LayerConfig } from '../../src/nn/layers/layer.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { type ResolvedMetric, resolveMetric } from '../../src/nn/metrics/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import type { Given, NamedConfig } from '../../src/nn/named.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { elementCount, type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import { type Backend, openBackend } from '../../src/tensorflow/backend.ts'
import { tensorflowMisfit } from '../../src/tensorflow/support.ts'
import { openSteps } from '../../src/tensorflow/trainer.ts'
import { engineOf, type OpenEngine, openOnnx } from '../../src/training/engine.ts'
import { type FitEvents, type FitSettings, type HistoryRow, fit as runFit } from '../../src/training/fit.ts'
import { allclose } from '../support/allclose.ts'
import { someNumbers } from '../support/check-layer.ts'

/** Pure JavaScript; with FITSERVE_TFJS=native the native library, which then has to be in place. */
export const device = process.env.FITSERVE_TFJS === 'native' ? 'tensorflow-native' : 'tensorflow-cpu'

export async function openTensorflow(): Promise<{ backend: Backend; open: OpenEngine }> {
  const backend = await openBackend(device)
  return { backend, open: engineOf((settings) => openSteps(backend, settings)) }
}

/** A training of a chain of `layers` on samples of `shape`, or of a graph, whose inputs stand in `layers`. */
export interface Training {
  readonly layers: readonly object[]
  readonly shape?: readonly number[]
  /** Of a graph. */
  readonly outputs?: readonly string[]
  readonly loss?: Given
  /** Of several outputs, instead of `loss`. */
  readonly losses?: readonly Given[]
  readonly optimizer?: Given | object
  readonly metrics?: readonly Given[]
  readonly epochs?: number
  readonly validation?: boolean
  readonly weights?: boolean
  /** Whole numbers below it as inputs, in the end of each sample zeros. */
  readonly words?: number
  /** How many steps in the end of samples are zeros, by row. */
  readonly padded?: (row: number) => number
}

const rows = 14

export function settingsOf(given: Training): FitSettings {
  const { shape, layers, outputs, optimizer = 'sgd', metrics = [], epochs = 2, validation = false } = given
  const written = shape ? [{ type: 'Input', shape }, ...layers] : layers
  const model = buildModel(parseDefinition({ layers: written, ...(outputs && { outputs }) }))
  const losses = (given.losses ?? [given.loss ?? 'mse']).map(resolveLoss)
  const kinds = losses.map((loss) => lossOf(loss).targetKind)
  const [x, ...otherInputs] = model.inputs.map((input, i) => samples(input.shape, `x${i}`, given))
  const [y, ...otherTargets] = kinds.map((kind, i) => truth(kind, model.outputs[i]?.shape ?? [], `y${i}`))
  const weights = given.weights ? Float32Array.from({ length: rows }, (_, row) => 0.5 + (row % 3)) : null
  const part = { rows, x: x as Tensor, otherInputs, y: y as Tensor, otherTargets, weights }
  const measured = {
    loss: losses[0] as NamedConfig,
    metrics: metrics.map(resolveMetric) as ResolvedMetric[],
    metricKind: kinds[0] as (typeof kinds)[number],
  }
  const learned = losses.map((loss, i) => ({
    ...{ name: `out${i}`, lossWeight: 1 + i / 2, loss, metrics: measured.metrics },
    metricKind: kinds[i] as (typeof kinds)[number],
  }))
  return {
    ...{ model, ...measured, train: part, validation: validation ? part : null },
    ...(given.losses && { outputs: learned }),
    ...{ optimizer: resolveOptimizer(optimizer as Given), epochs, batchSize: 6, shuffle: true, seed: 4 },
    ...{ providers: ['cpu'], threads: 1 },
  }
}

function samples(shape: readonly number[], name: string, { words, padded }: Training): Tensor {
  const drawn = someNumbers(rows * elementCount(shape), name)
  const values = words === undefined ? drawn : drawn.map((v) => 1 + (Math.floor(((v + 1) / 2) * 997) % (words - 1)))
  const [time = 1, ...rest] = shape
  const size = elementCount(rest)
  const isPadding = (i: number) => {
    const row = Math.floor(i / (time * size))
    return padded !== undefined && Math.floor(i / size) % time >= time - padded(row)
  }
  return tensorOf(
    'float32',
    values.map((value, i) => (isPadding(i) ? 0 : value)),
    [rows, ...shape],
  )
}

function truth(kind: string, outputShape: readonly number[], name: string): Tensor {
  const units = outputShape.at(-1) ?? 1
  const classOf = (at: number) => (at * 7 + (at % 3)) % units
  if (kind === 'class_index') {
    const count = rows * elementCount(outputShape.slice(0, -1))
    const classes = Array.from({ length: count }, (_, at) => classOf(at))
    return tensorOf('int32', classes, [rows, ...outputShape.slice(0, -1)])
  }
  const numbers = someNumbers(rows * elementCount(outputShape), name)
  const binary = numbers.map((value) => Number(value > 0))
  const oneHot = numbers.map((_, i) => Number(i % units === classOf(Math.floor(i / units))))
  const values = kind === 'one_hot' ? oneHot : kind === 'binary' ? binary : numbers.map((value) => value + 1.1)
  return tensorOf('float32', values, [rows, ...outputShape])
}

export async function train(settings: FitSettings, open: OpenEngine, events: FitEvents = {}) {
  const history: HistoryRow[] = []
  const result = await runFit(settings, { ...events, onEpoch: (row) => void history.push(row) }, open)
  return { history, ...result }
}

const numbersOf = (history: readonly HistoryRow[]) =>
  history.map(({ seconds: _, ...row }) => row).flatMap((row) => Object.values(row).map(Number))
const keysOf = (history: readonly HistoryRow[]) => history.map((row) => Object.keys(row))

/** Both engines give the same, 1e-4 relative, over all steps of a training. */
export async function compare(given: Training, openOther: OpenEngine): Promise<void> {
  const settings = settingsOf(given)
  const { model } = settings
  const definition = { layers: model.layers.map(({ config, name }) => ({ ...config, name }) as LayerConfig) }
  expect(tensorflowMisfit({ ...settings, definition, device: 'auto' })).toBeNull()
  const ours = await train(settings, openOnnx)
  const theirs = await train(settings, openOther)
  expect(keysOf(theirs.history)).toEqual(keysOf(ours.history))
  allclose(numbersOf(theirs.history), numbersOf(ours.history), { relative: 1e-4, absolute: 1e-5 })
  expect([...theirs.last.weights.keys()]).toEqual(model.weights.map(({ name }) => name))
  for (const [name, { data, shape }] of theirs.last.weights) {
    const own = ours.last.weights.get(name)
    expect(shape).toEqual(own?.shape)
    allclose([...data], [...(own?.data ?? [])], { relative: 1e-4, absolute: 2e-5 })
  }
  expect([...theirs.last.slots.keys()].sort()).toEqual([...ours.last.slots.keys()].sort())
  for (const [slot, values] of theirs.last.slots) {
    const own = ours.last.slots.get(slot)
    expect([...values.keys()].sort()).toEqual([...(own?.keys() ?? [])].sort())
  }
  expect(theirs.best?.position.epoch).toBe(ours.best?.position.epoch)
}
