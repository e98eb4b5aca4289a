/**
 * Random models trained by Keras 3.15 (make_differential.py): read from their JSON and started from the same weights, they
 * give the same outputs, losses and weights here.
 */
import { expect, test } from 'vitest'
import { parseKerasJson } from '../../src/nn/keras-json/read-model.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { callModel } from '../../src/nn/lower.ts'
import { buildModel, type Model, weightsOf } from '../../src/nn/model.ts'
import type { Given } from '../../src/nn/named.ts'
import { nameLayers } from '../../src/nn/names.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import { type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import type { TrainingState } from '../../src/training/checkpoint.ts'
import { type FitSettings, startOf, fit as train } from '../../src/training/fit.ts'
import type { LearnedOutput } from '../../src/training/learned-outputs.ts'
import { targetForm } from '../../src/training/model-graph.ts'
import { noNoise } from '../../src/training/no-noise.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'
import { kerasFixture } from '../support/keras.ts'

type Lists = readonly (readonly number[])[]

interface Case extends Readonly<Record<'weights' | 'x' | 'y' | 'before' | 'after' | 'last', Lists>> {
  readonly seed: number
  readonly json: unknown
  readonly rows: number
  readonly losses: readonly Given[]
  readonly loss_weights: readonly number[] | null
  readonly sample_weight: readonly number[] | null
  readonly optimizer: { readonly name: string }
  readonly batch: number
  readonly epochs: number
  readonly history: readonly number[]
  readonly masked: boolean
}

type Weights = TrainingState['weights']

/** The model, its inputs, and Keras' weights by our names: those of the layers in the order of the JSON. */
function read({ json, weights, x, rows }: Case) {
  const definition = parseKerasJson(json)
  const model = buildModel(definition)
  const own = nameLayers(definition.layers).map((name) => model.layers.find((layer) => layer.name === name))
  const specs = own.flatMap((layer) => (layer && layer.shares === null ? weightsOf(layer) : []))
  const start: Weights = new Map(
    specs.map(({ name, shape }, i) => [name, { shape, data: Float32Array.from(weights[i] ?? []) }]),
  )
  const xs = model.inputs.map(({ shape }, i) => tensorOf('float32', x[i] ?? [], [rows, ...shape]))
  return { model, specs, start, xs }
}

function settingsOf(model: Model, xs: readonly Tensor[], given: Case): FitSettings {
  const { rows, losses, loss_weights, sample_weight, optimizer, batch, epochs } = given
  const outputs = model.outputs.map(({ name }, i): LearnedOutput => {
    const loss = resolveLoss(losses[i] as Given)
    return { name, loss, lossWeight: loss_weights?.[i] ?? 1, metricKind: lossOf(loss).targetKind, metrics: [] }
  })
  const [y, ...otherTargets] = outputs.map(({ loss }, i) => {
    const { type, shape } = targetForm(lossOf(loss).targetKind, model.outputs[i]?.shape ?? [])
    return tensorOf(type, given.y[i] ?? [], [rows, ...shape])
  }) as [Tensor, ...Tensor[]]
  const [x, ...otherInputs] = xs as [Tensor, ...Tensor[]]
  const weights = sample_weight && Float32Array.from(sample_weight)
  return {
    ...(outputs[0] as LearnedOutput),
    ...{ model, ...(outputs.length > 1 && { outputs }), optimizer: resolveOptimizer(optimizer) },
    ...{ train: { rows, x, otherInputs, y, otherTargets, weights }, validation: null },
    ...{ epochs, batchSize: batch, shuffle: false, seed: 1, providers: ['cpu'], threads: 1 },
  }
}

async function outputsOf(model: Model, xs: readonly Tensor[], weights: Weights): Promise<number[][]> {
  const op = createBuilder(newGraph())
  const values = Object.fromEntries(
    [...weights].map(([name, { data, shape }]) => [name, op.constant(tensorOf('float32', [...data], shape))]),
  )
  const inputs = model.inputs.map(({ shape }, i): Real => op.graph.input(`x${i}`, 'float32', ['batch', ...shape]))
  const outputs = callModel(op, model, inputs, values, noNoise).outputs.map((output) => op.Identity(output))
  for (const output of outputs) op.graph.output(output)
  const results = await runGraph(op.graph, Object.fromEntries(xs.map((x, i) => [`x${i}`, x])))
  return outputs.map(({ name }) => numbers(results[name]))
}

/** To 2e-4 of each number and 1e-5 of the largest: several steps in float32 against float64. */
function expectSame(what: string, found: ArrayLike<number>, expected: readonly number[]) {
  expect(found, what).toHaveLength(expected.length)
  const largest = Math.max(...expected.map(Math.abs))
  for (const [i, value] of expected.entries()) {
    const allowed = 2e-5 + 2e-4 * Math.abs(value) + 1e-5 * largest
    const difference = Math.abs((found[i] as number) - value)
    if (!(difference <= allowed)) expect.fail(`${what}[${i}] is ${found[i]}, Keras has ${value}`)
  }
}

test.each(kerasFixture<readonly Case[]>('differential.json'))('seed $seed', async (given) => {
  const { model, specs, start, xs } = read(given)
  for (const [i, output] of (await outputsOf(model, xs, start)).entries()) {
    expectSame(`output ${i} before`, output, given.before[i] ?? [])
  }
  const losses: number[] = []
  const { last } = await train(settingsOf(model, xs, given), {
    resumeFrom: { ...startOf(model, 1), weights: start },
    onEpoch: ({ loss }) => void losses.push(loss ?? Number.NaN),
  })
  // over batches with other numbers of masked steps Keras takes the mean of the batches (test/training/keras-masks.test.ts)
  if (!given.masked || given.batch === given.rows) expectSame('loss', losses, given.history)
  for (const [i, { name }] of specs.entries()) {
    expectSame(name, last.weights.get(name)?.data ?? [], given.last[i] ?? [])
  }
  for (const [i, output] of (await outputsOf(model, xs, last.weights)).entries()) {
    expectSame(`output ${i} after`, output, given.after[i] ?? [])
  }
})
