/** What must hold for every layer, checked on a model that has it. */
import { expect } from 'vitest'
import { gradients } from '../../src/autodiff/gradients.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { callModel } from '../../src/nn/lower.ts'
import { buildModel, type Model } from '../../src/nn/model.ts'
import { initialWeights } from '../../src/nn/weights.ts'
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import type { Real } from '../../src/onnx/value.ts'
import { createRandom, deriveKey } from '../../src/random.ts'
import { allclose } from './allclose.ts'
import { newGraph, numbers, runGraph } from './graph.ts'

export type Weights = ReadonlyMap<string, ArrayLike<number>>

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1)

/** The shape of one input, or of several. */
export type Shapes = readonly number[] | readonly (readonly number[])[]

const asList = (shapes: Shapes): readonly (readonly number[])[] =>
  shapes.every((shape) => typeof shape === 'number') ? [shapes] : (shapes as readonly (readonly number[])[])

/** A definition of one layer that takes as many inputs as there are shapes. */
function definitionOf(layer: object, shapes: Shapes): object {
  const inputs = asList(shapes).map((shape, i) => ({ type: 'Input', name: `x${i}`, shape }))
  if (inputs.length === 1) return { layers: [layer] }
  return { layers: [...inputs, { ...layer, inputs: inputs.map(({ name }) => name) }] }
}

/** How many numbers a sample has in all inputs together. */
const sampleSize = ({ inputs }: Model) => inputs.reduce((sum, { shape }) => sum + product(shape), 0)

/** The model's inputs in a graph, and what feeds them: `x` holds one input after the other. */
function declareInputs(op: Builder, model: Model, x: readonly number[]) {
  const rows = x.length / sampleSize(model)
  const feeds: Record<string, Tensor> = {}
  let start = 0
  const inputs = model.inputs.map(({ name, shape }) => {
    const end = start + rows * product(shape)
    feeds[name] = tensorOf('float32', x.slice(start, end), [rows, ...shape])
    start = end
    return op.graph.input(name, 'float32', ['batch', ...shape]) as Real
  })
  return { feeds, inputs }
}

/** A model of the given layers on inputs of `inputShape`. */
export function modelOf(layers: readonly object[], inputShape: readonly number[]): Model {
  return buildModel(parseDefinition({ layers }), inputShape)
}

/** Numbers in [-1, 1), the same for the same purpose. */
export function someNumbers(count: number, purpose: string): number[] {
  const random = createRandom(deriveKey(1, purpose))
  return Array.from({ length: count }, () => 2 * random.uniform() - 1)
}

export interface CallOptions {
  readonly training?: boolean
  /** The numbers that `uniform` gives, in row-major order. */
  readonly draws?: readonly number[]
  /** Weights as data of the graph (the served form) rather than as its inputs (the form that is trained). */
  readonly served?: boolean
}

/** The outputs, penalties and logits of a model for samples `x`, [rows, …inputShape], one input after the other. */
export async function runModel(
  model: Model,
  x: readonly number[],
  weights: Weights,
  { training = false, draws, served = false }: CallOptions = {},
): Promise<{ y: Tensor; logits: Tensor | undefined; penalties: number[] }> {
  const op = createBuilder(newGraph())
  const { feeds, inputs } = declareInputs(op, model, x)
  const values: Record<string, Real> = {}
  for (const { name, shape } of model.weights) {
    const tensor = tensorOf('float32', weights.get(name) ?? [], shape)
    values[name] = served ? op.constant(tensor, name) : op.graph.input(name, 'float32', shape)
    if (!served) feeds[name] = tensor
  }
  const uniform = ({ shape }: Real): Real => {
    const each = product(shape.map((length) => (typeof length === 'number' ? length : 1)))
    const dims = shape.map((length) => (typeof length === 'number' ? length : (draws?.length ?? 0) / each))
    const input = op.graph.input(`draws ${Object.keys(feeds).length}`, 'float32', shape)
    feeds[input.name] = tensorOf('float32', draws ?? [], dims)
    return input
  }
  const called = callModel(op, model, inputs, values, { training, uniform })
  const outputs = [called.outputs[0], called.logits[0], ...called.penalties].map((value) =>
    value ? op.named('out').Identity(value) : null,
  )
  for (const value of outputs) if (value) op.graph.output(value)
  const results = await runGraph(op.graph, feeds)
  const [y, logits, ...penalties] = outputs.map((value) => (value ? results[value.name] : undefined))
  return { y: y as Tensor, logits, penalties: penalties.flatMap((value) => numbers(value)) }
}

/**
 * Fails where a layer breaks what every layer promises: its arguments survive JSON, its declared output shape is the real
 * one at any batch size, the served graph gives what the training graph gives in inference mode, and a step against the
 * gradient lowers a loss.
 */
export async function checkLayer(layer: object, shapes: Shapes): Promise<void> {
  const parsed = parseDefinition(definitionOf(layer, shapes))
  expect(parseDefinition(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed)
  const given = asList(shapes)
  const model = buildModel(parsed, given.length === 1 ? given[0] : undefined)
  const weights = initialWeights(model, 7)
  for (const rows of [1, 5]) {
    const x = someNumbers(rows * sampleSize(model), `rows ${rows}`)
    const inference = await runModel(model, x, weights)
    expect(inference.y.dims).toEqual([rows, ...(model.outputs[0]?.shape ?? [])])
    const served = await runModel(model, x, weights, { served: true })
    allclose(numbers(served.y), numbers(inference.y), { relative: 1e-5, absolute: 1e-6 })
  }
  await checkDescent(model, weights)
}

/** One small step of every weight and of the input against the gradient lowers Σ(y - 0.3)². */
async function checkDescent(model: Model, weights: Weights): Promise<void> {
  const op = createBuilder(newGraph())
  const { feeds, inputs } = declareInputs(op, model, someNumbers(3 * sampleSize(model), 'x'))
  const values: Record<string, Real> = {}
  for (const weight of model.weights) {
    values[weight.name] = op.graph.input(weight.name, 'float32', weight.shape)
    feeds[weight.name] = tensorOf('float32', weights.get(weight.name) ?? [], weight.shape)
  }
  const called = callModel(op, model, inputs, values, { training: false, uniform: (like) => like })
  const y = called.outputs[0] as Real
  const error = op.Sub(y, op.scalar(0.3, y))
  const fit = op.ReduceSum(op.Mul(error, error), null, { keepdims: 0 })
  const loss = called.penalties.reduce((sum, penalty) => op.Add(sum, penalty), fit)
  const wrt = [...inputs, ...Object.values(values)]
  const names = [loss, ...gradients(op, loss, wrt)].map((value) => {
    const output = op.named('result').Identity(value)
    op.graph.output(output)
    return output.name
  })
  const before = await runGraph(op.graph, feeds)
  const lossOf = (results: Record<string, Tensor>) => numbers(results[names[0] ?? ''])[0] ?? Number.NaN
  const stepped = { ...feeds }
  for (const [i, { name }] of wrt.entries()) {
    const slopes = numbers(before[names[i + 1] ?? ''])
    const at = feeds[name] as Tensor
    const moved = numbers(at).map((value, k) => value - 1e-3 * (slopes[k] ?? 0))
    stepped[name] = tensorOf('float32', moved, at.dims)
  }
  expect(lossOf(await runGraph(op.graph, stepped))).toBeLessThan(lossOf(before))
}
