/** Functional models that Keras wrote, with initial states and masks: outputs, served and trained, and three steps of SGD. */
import { expect, test } from 'vitest'
import { gradients } from '../../../../src/autodiff/gradients.ts'
import { parseKerasJson } from '../../../../src/nn/keras-json/read-model.ts'
import { callModel } from '../../../../src/nn/lower.ts'
import { buildModel, type Model, type WeightSpec, weightsOf } from '../../../../src/nn/model.ts'
import { nameLayers } from '../../../../src/nn/names.ts'
import { summarize } from '../../../../src/nn/summary.ts'
import { type Builder, createBuilder } from '../../../../src/onnx/builder.ts'
import { toBytes } from '../../../../src/onnx/codec.ts'
import { type Tensor, tensorOf } from '../../../../src/onnx/tensor.ts'
import type { Real } from '../../../../src/onnx/value.ts'
import { openSession } from '../../../../src/runtime/session.ts'
import { allclose } from '../../../support/allclose.ts'
import { newGraph, numbers } from '../../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../../support/keras.ts'

interface Graph {
  readonly json: unknown
  /** How many parameters are trained. */
  readonly trainable: number
  readonly x: readonly Nested[]
  /** In the order of the layers. */
  readonly weights: readonly Nested[]
  readonly outputs: readonly Nested[]
  /** The weights after three steps of SGD on the mean squares of the outputs less 0.3, and the model's own losses. */
  readonly after: readonly Nested[]
}

const graphs = Object.entries(kerasFixture<Record<string, Graph>>('recurrent-graphs.json'))

interface Read {
  readonly model: Model
  readonly specs: readonly WeightSpec[]
}

/** The model with its weights in the order in which Keras lists them: layer by layer as they were written. */
function read({ json }: Graph): Read {
  const definition = parseKerasJson(json)
  const model = buildModel(definition)
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]))
  const specs = nameLayers(definition.layers).flatMap((name) => {
    const layer = layers.get(name)
    return layer && layer.shares === null ? weightsOf(layer) : []
  })
  return { model, specs }
}

type Weights = Readonly<Record<string, Real>>

const context = (training: boolean) => ({ training, uniform: (like: Real) => like })

/** Names of values that leave the graph. */
function leave(op: Builder, values: readonly Real[]): string[] {
  return values.map((y) => {
    const output = op.named('y').Identity(y)
    op.graph.output(output)
    return output.name
  })
}

/** Names of the outputs before a step, and names of weights to those of their values after it. */
function stepOf(op: Builder, { model, specs }: Read, inputs: readonly Real[], weights: Weights) {
  const called = callModel(op, model, inputs, weights, context(true))
  const errors = called.outputs.map((y) => {
    const error = op.Sub(y, op.scalar(0.3, y))
    return op.ReduceMean(op.Mul(error, error), null, { keepdims: 0 })
  })
  const loss = [...errors, ...called.penalties].reduce((sum, part) => op.Add(sum, part))
  const moved = new Map(called.updates)
  const open = specs.filter(({ trainable }) => trainable)
  const before = open.map(({ name }) => weights[name] as Real)
  gradients(op, loss, before).forEach((slope, i) => {
    const weight = before[i] as Real
    moved.set(weight.name, op.Sub(weight, op.Mul(slope, op.scalar(0.2, slope))))
  })
  for (const value of moved.values()) op.graph.output(value)
  const after = new Map([...moved].map(([name, value]) => [name, value.name]))
  // a normalization gives other outputs while it learns
  return { outputs: called.updates.size === 0 ? leave(op, called.outputs) : [], after }
}

const near = { relative: 2e-5, absolute: 5e-6 }

test.each(graphs)("%s: Keras' outputs, served and trained, and its weights after three steps", async (_name, graph) => {
  const { model, specs } = read(graph)
  expect(summarize(model).trainable_parameters).toBe(graph.trainable)
  const op = createBuilder(newGraph())
  const inputs = model.inputs.map(({ name, shape }): Real => op.graph.input(name, 'float32', ['batch', ...shape]))
  const tensorAt = (i: number, given: readonly Nested[]) =>
    tensorOf('float32', flat(given[i] ?? []), specs[i]?.shape ?? [])
  const byName = (value: (name: string, i: number) => Real): Weights =>
    Object.fromEntries(specs.map(({ name }, i) => [name, value(name, i)]))
  const served = byName((name, i) => op.constant(tensorAt(i, graph.weights), `${name} as data`))
  const trained = byName((name, i) => op.graph.input(name, 'float32', specs[i]?.shape ?? []))
  const answers = leave(op, callModel(op, model, inputs, served, context(false)).outputs)
  const { outputs, after } = stepOf(op, { model, specs }, inputs, trained)

  const session = await openSession(toBytes(op.graph))
  const feeds = Object.fromEntries(
    model.inputs.map(({ name }, i) => [name, tensorOf('float32', flat(graph.x[i] ?? []), shapeOf(graph.x[i] ?? []))]),
  )
  const state = new Map<string, Tensor>(specs.map(({ name }, i) => [name, tensorAt(i, graph.weights)]))
  for (let step = 0; step < 3; step++) {
    const results = await session.run({ ...feeds, ...Object.fromEntries(state) })
    if (step === 0) {
      for (const names of [answers, outputs]) {
        names.forEach((name, i) => void allclose(numbers(results[name]), flat(graph.outputs[i] ?? []), near))
      }
    }
    for (const [name, moved] of after) state.set(name, results[moved] as Tensor)
  }
  await session.close()
  specs.forEach(({ name }, i) => void allclose(numbers(state.get(name)), flat(graph.after[i] ?? []), near))
})
