/** Layers against Keras' outputs, masks and gradients (make_gradients.py): trained graph and served graph alike. */
import { expect, test } from 'vitest'
import { gradients } from '../../../src/autodiff/gradients.ts'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { channelsLast } from '../../../src/nn/laid-out.ts'
import { callLayer } from '../../../src/nn/lower.ts'
import { type BuiltLayer, buildModel, weightsOf } from '../../../src/nn/model.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import type { Real } from '../../../src/onnx/value.ts'
import { allclose } from '../../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../support/keras.ts'

interface GradientCase {
  readonly layer: { readonly type: string }
  readonly inputs: readonly Nested[]
  readonly masks?: readonly (Nested | null)[]
  /** In training mode, which also moves statistics: `moved` are those after the call. */
  readonly training?: true
  readonly moved?: readonly Nested[]
  readonly weights: readonly Nested[]
  readonly trainable: readonly boolean[]
  readonly y: Nested
  /** Of Σ y·up. */
  readonly up: Nested
  readonly of_inputs: readonly Nested[]
  readonly of_weights: readonly Nested[]
}

const cases = kerasFixture<GradientCase[]>('layer-gradients.json').map((made) => {
  const told = { ...made.layer, ...(made.masks && { masked: true }), ...(made.training && { training: true }) }
  return [`${JSON.stringify(told)} on ${made.inputs.map((x) => `[${shapeOf(x)}]`).join(' ')}`, made] as const
})

/** The one layer of a definition, and what its inputs are. */
function layerOf({ layer, inputs }: GradientCase): BuiltLayer {
  const names = inputs.map((_, i) => `x${i}`)
  const ins = inputs.map((x, i) => ({ type: 'Input', name: names[i], shape: shapeOf(x).slice(1) }))
  const model = buildModel(parseDefinition({ layers: [...ins, { ...layer, inputs: names }] }))
  return model.layers.find(({ sources }) => sources.length > 0) as BuiltLayer
}

/** The layer's outputs where weights are inputs of the graph (as they are trained) or data of it (as they are served). */
async function run(made: GradientCase, built: BuiltLayer, form: 'trained' | 'served') {
  const op = createBuilder(newGraph())
  const feeds: Record<string, Tensor> = {}
  const feed = (name: string, value: Nested): Real => {
    feeds[name] = tensorOf('float32', flat(value), shapeOf(value))
    return op.graph.input(name, 'float32', shapeOf(value))
  }
  const xs = made.inputs.map((x, i) => feed(`x${i}`, x))
  const masks = made.inputs.map((_, i) => {
    const mask = made.masks?.[i] ?? null
    if (mask === null) return null
    feeds[`mask${i}`] = { type: 'bool', dims: shapeOf(mask), data: Uint8Array.from(flat(mask)) }
    return op.graph.input(`mask${i}`, 'bool', shapeOf(mask))
  })
  const specs = weightsOf(built)
  const weights = new Map(
    specs.map(({ name, shape }, i) => {
      const value = made.weights[i] ?? []
      return [name, form === 'trained' ? feed(name, value) : op.constant(tensorOf('float32', flat(value), shape))]
    }),
  )
  const passed = xs.map((x, i) => ({ value: channelsLast(op, x), mask: masks[i] ?? null }))
  const context = { training: made.training ?? false, uniform: (like: Real) => like }
  const called = callLayer(op, built, passed, (name) => weights.get(name), context)
  const y = called.outputs[0]?.last() as Real
  const trained = specs.filter((_, i) => made.trainable[i]).map(({ name }) => weights.get(name) as Real)
  const sum = op.ReduceSum(op.Mul(y, feed('up', made.up)), null, { keepdims: 0 })
  const slopes = form === 'trained' ? gradients(op, sum, [...xs, ...trained]) : []
  const moved = called.updates.map(([, value]) => value)
  const wanted = [y, ...slopes, ...moved].map((value) => op.named('wanted').Identity(value))
  for (const value of wanted) op.graph.output(value)
  const found = await runGraph(op.graph, feeds)
  const [first, ...others] = wanted.map(({ name }) => numbers(found[name]))
  return { y: first ?? [], slopes: others.slice(0, slopes.length), moved: others.slice(slopes.length) }
}

const close = { relative: 2e-5, absolute: 1e-5 }

test.each(cases)("%s gives Keras' output and gradients", async (_name, made) => {
  const built = layerOf(made)
  expect(weightsOf(built).map(({ shape }) => shape)).toEqual(made.weights.map(shapeOf))
  expect(weightsOf(built).map(({ trainable }) => trainable)).toEqual(made.trainable)
  expect(built.outputShapes[0]).toEqual(shapeOf(made.y).slice(1))
  const trained = await run(made, built, 'trained')
  allclose(trained.y, flat(made.y), close)
  for (const [i, slope] of [...made.of_inputs, ...made.of_weights].entries())
    allclose(trained.slopes[i] ?? [], flat(slope), close)
  for (const [i, value] of (made.moved ?? []).entries()) allclose(trained.moved[i] ?? [], flat(value), close)
  const served = await run(made, built, 'served')
  allclose(served.y, trained.y, { relative: 1e-5, absolute: 1e-6 })
})
