/** Masked outputs as in Keras 3 (make_masks.py): losses, metrics and weights; and the whole part where Keras means batches. */
import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { resolveMetric } from '../../src/nn/metrics/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { elementCount, type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import type { TrainingState } from '../../src/training/checkpoint.ts'
import { openEvaluator } from '../../src/training/evaluation.ts'
import { evaluate, type FitSettings, type HistoryRow, startOf, fit as train } from '../../src/training/fit.ts'
import { type LearnedOutput, programOutputs } from '../../src/training/learned-outputs.ts'
import { allclose } from '../support/allclose.ts'
import { flat, kerasFixture, type Nested } from '../support/keras.ts'

interface Case {
  readonly weights: readonly Nested[]
  readonly evaluated: Readonly<Record<string, number>>
  readonly loss_of_batches_of_one: number
  readonly history: Readonly<Record<string, readonly number[]>>
  readonly last: readonly Nested[]
}

type Truth = 'numbers' | 'classes' | 'labels' | 'totals' | 'pairs'
interface Fixture extends Readonly<Record<'x' | 'row_weights' | Truth, Nested>> {
  readonly cases: Readonly<Record<string, Case>>
}

const fixture = kerasFixture<Fixture>('masks.json')
const rows = 6
const steps = 5
const real = 16

const before = [
  { type: 'Input', shape: [steps, 2] },
  { type: 'Masking' },
  { type: 'SimpleRNN', name: 'hidden', units: 3, return_sequences: true },
]

interface Head {
  /** Null for another output of the layer before. */
  readonly layer: object | null
  readonly truth: Truth
  readonly loss: string
  readonly metrics: readonly string[]
  readonly lossWeight?: number
}

const lstm = { type: 'LSTM', name: 'lstm', units: 2, return_sequences: true, return_state: true, inputs: ['layer 1'] }

const heads: Readonly<Record<string, readonly [Head, ...Head[]]>> = {
  numbers: [
    {
      layer: { type: 'Dense', units: 2, kernel_regularizer: 'l2' },
      ...{ truth: 'numbers', loss: 'mse', metrics: ['mean_absolute_error', 'mean_squared_error'] },
    },
  ],
  classes: [
    {
      layer: { type: 'Dense', units: 3, activation: 'softmax' },
      ...{ truth: 'classes', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'] },
    },
  ],
  labels: [
    {
      layer: { type: 'Dense', units: 1, activation: 'sigmoid' },
      ...{ truth: 'labels', loss: 'binary_crossentropy', metrics: ['accuracy'] },
    },
  ],
  two: [
    {
      layer: { type: 'Dense', name: 'steps', units: 3, activation: 'softmax', kernel_regularizer: 'l2' },
      ...{ truth: 'classes', loss: 'sparse_categorical_crossentropy', metrics: ['accuracy'], lossWeight: 2 },
    },
    {
      layer: { type: 'SimpleRNN', name: 'total', units: 1 },
      ...{ truth: 'totals', loss: 'mse', metrics: ['mean_absolute_error'], lossWeight: 0.5 },
    },
  ],
  states: [
    { layer: lstm, truth: 'numbers', loss: 'mse', metrics: ['mean_absolute_error'] },
    { layer: null, truth: 'pairs', loss: 'mae', metrics: ['mean_squared_error'], lossWeight: 0.3 },
  ],
}

function targetOf({ truth, loss }: Head): Tensor {
  const values = flat(fixture[truth])
  if (lossOf(resolveLoss(loss)).targetKind === 'class_index') return tensorOf('int32', values, [rows, steps])
  const answers = truth === 'totals' || truth === 'pairs' ? [rows] : [rows, steps]
  return tensorOf('float32', values, [...answers, values.length / elementCount(answers)])
}

/** The settings of a case, and the state that Keras started from. */
function settingsOf(name: string, changes: Partial<FitSettings> = {}, metrics: readonly string[] = []) {
  const all = heads[name === 'weighted' ? 'labels' : name] as readonly [Head, ...Head[]]
  const model = buildModel(parseDefinition(definitionOf(all)))
  const outputs = all.map((head, i): LearnedOutput => {
    const loss = resolveLoss(head.loss)
    return {
      ...{ name: model.outputs[i]?.name ?? '', loss, lossWeight: head.lossWeight ?? 1 },
      ...{ metricKind: lossOf(loss).targetKind, metrics: [...head.metrics, ...metrics].map(resolveMetric) },
    }
  })
  const [y, ...otherTargets] = all.map(targetOf) as [Tensor, ...Tensor[]]
  const part = {
    ...{ rows, x: tensorOf('float32', flat(fixture.x), [rows, steps, 2]), y, otherTargets },
    weights: name === 'weighted' ? Float32Array.from(flat(fixture.row_weights)) : null,
  }
  const settings: FitSettings = {
    ...(outputs[0] as LearnedOutput),
    ...{ model, ...(all.length > 1 && { outputs }), train: part, validation: part },
    optimizer: resolveOptimizer({ name: 'sgd', learning_rate: 0.1 } as { name: string }),
    ...{ epochs: 3, batchSize: rows, shuffle: false, seed: 1, providers: ['cpu'], threads: 1, ...changes },
  }
  const weights = new Map(
    model.weights.map(({ name: weight, shape }, i) => {
      return [weight, { shape, data: Float32Array.from(flat(fixture.cases[name]?.weights[i] ?? [])) }]
    }),
  )
  return { settings, start: { ...startOf(model, 1), weights } satisfies TrainingState, part }
}

function definitionOf(all: readonly Head[]): object {
  const own = all.flatMap(({ layer }) => (layer ? [layer] : []))
  if (all.length === 1) return { layers: [...before, ...own] }
  const heads = own.map((layer) => ({ inputs: ['hidden'], ...layer }))
  if (heads.length < all.length) {
    return { layers: [...named(before.slice(0, 2)), ...heads], outputs: ['lstm', { layer: 'lstm', output: 1 }] }
  }
  return { layers: named([...before, ...heads]), outputs: ['steps', 'total'] }
}

/** A chain as a graph. */
function named(layers: readonly object[]): object[] {
  return layers.map((layer, i) => {
    const wired = { name: `layer ${i}`, ...(i > 0 && { inputs: [i === 1 ? 'layer 0' : 'layer 1'] }), ...layer }
    return wired
  })
}

async function historyOf(settings: FitSettings, start: TrainingState) {
  const history: HistoryRow[] = []
  const result = await train(settings, { resumeFrom: start, onEpoch: (row) => void history.push(row) })
  return { history, last: result.last }
}

/** The keys of Keras that stand for one number, and ours: it numbers equal keys of a layer's outputs, we their names. */
function keysOf({ evaluated }: Case): { keras: string; ours: string }[] {
  const numbers = Object.keys(evaluated).filter((key) => key !== 'lstm_loss')
  return numbers.map((key) => {
    const long = key.replace('mae', 'mean_absolute_error').replace('mse', 'mean_squared_error')
    return { keras: key, ours: long === 'lstm_mean_squared_error' ? 'lstm_1_mean_squared_error' : long }
  })
}

function expectAsKeras(found: Readonly<Record<string, unknown>>, expected: Case, prefix = ''): void {
  const keys = keysOf(expected)
  allclose(
    keys.map(({ ours }) => found[`${prefix}${ours}`] as number),
    keys.map(({ keras }) => expected.evaluated[keras] as number),
    { relative: 1e-5 },
  )
}

describe.each(Object.entries(fixture.cases))('%s', (name, expected) => {
  test('a test gives the losses and metrics of Keras', async () => {
    const { settings, start, part } = settingsOf(name)
    const found = await evaluate(settings, start.weights, part)
    expectAsKeras(found, expected)
  })

  test('a training goes the way of Keras, and measures the first step as a test does', async () => {
    const { settings, start } = settingsOf(name)
    const { history, last } = await historyOf(settings, start)
    allclose(
      history.map(({ loss }) => loss as number),
      expected.history.loss as number[],
      { relative: 1e-5 },
    )
    expectAsKeras(history[0] ?? {}, expected)
    const values = [...last.weights.values()].map(({ data }) => [...data])
    allclose(values.flat(), expected.last.flatMap(flat), { relative: 1e-4, absolute: 1e-6 })
  })

  test('batches of one row, of other lengths each, give what one batch gives; Keras means them', async () => {
    const optimizer = resolveOptimizer({ name: 'sgd', learning_rate: 0 } as { name: string })
    const { settings, start } = settingsOf(name, { batchSize: 1, epochs: 1, optimizer })
    const { history } = await historyOf(settings, start)
    expectAsKeras(history[0] ?? {}, expected)
    expectAsKeras(history[0] ?? {}, expected, 'val_')
    expect(Math.abs(Number(history[0]?.loss) - expected.loss_of_batches_of_one)).toBeGreaterThan(0.005)
  })
})

test('a part that is evaluated row by row has the same losses as at once', async () => {
  const { settings, start, part } = settingsOf('two')
  const spec = { model: settings.model, ...programOutputs(settings) }
  const weights = new Map([...start.weights].map(([name, { data }]) => [name, data]))
  const lengths: number[] = []
  const found = await Promise.all(
    [1, 2 ** 22].map(async (numbersPerRun) => {
      const evaluator = await openEvaluator(spec, { providers: ['cpu'] }, numbersPerRun)
      const evaluated = await evaluator.evaluate(part, weights, ({ rows: seen }) => void lengths.push(seen))
      await evaluator.close()
      return [evaluated.loss, ...evaluated.outputLosses]
    }),
  )
  expect(lengths.toSorted()).toEqual([1, 1, 1, 1, 1, 1, rows])
  allclose(found[0] ?? [], found[1] ?? [])
  const { loss, steps_loss, total_loss } = fixture.cases.two?.evaluated ?? {}
  allclose(found[0] ?? [], [loss, steps_loss, total_loss] as number[])
})

test('no metric counts a masked step', async () => {
  const { settings, start, part } = settingsOf('classes', {}, ['confusion_matrix', 'roc_auc', 'f1', 'log_loss'])
  const { confusion_matrix: table, ...numbers } = await evaluate(settings, start.weights, part)
  const { matrix } = table as unknown as { matrix: number[][] }
  const sums = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0)
  expect(sums(matrix.flat())).toBe(real)
  const padding = flat(fixture.x).map((value, i) => (value === 0 ? i : -1))
  expect(padding.filter((i) => i >= 0)).toHaveLength((rows * steps - real) * 2)
  // other truths under the padding change nothing
  const isPadding = (step: number) => flat(fixture.x)[step * 2] === 0
  const y = flat(fixture.classes).map((value, step) => (isPadding(step) ? (value + 1) % 3 : value))
  const changed = { ...part, y: tensorOf('int32', y, [rows, steps]) }
  const { confusion_matrix: _, ...others } = await evaluate(settings, start.weights, changed)
  expect(others).toEqual(numbers)
  expect(numbers).toMatchObject({ roc_auc: expect.any(Number), f1: expect.any(Number) })
})

test('a training that stops in the middle of an epoch goes on to the same history', async () => {
  const { settings, start } = settingsOf('two', { epochs: 1, batchSize: 4 }) // the last batch is a run of its own
  const whole = await historyOf(settings, start)
  const stop = new AbortController()
  const half = await train(settings, { resumeFrom: start, signal: stop.signal, onRun: () => stop.abort() })
  const resumed = await historyOf(settings, half.last)
  expect(half.last.position.sums?.steps).toEqual([11, 4])
  const withoutTime = ({ seconds: _, ...row }: HistoryRow) => row
  expect(resumed.history.map(withoutTime)).toEqual(whole.history.map(withoutTime))
})
