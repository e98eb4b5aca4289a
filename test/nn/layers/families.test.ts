/** Merging, activation, attention and reshaping layers against Keras' outputs and masks (make_families.py). */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { channelsLast } from '../../../src/nn/laid-out.ts'
import { callLayer } from '../../../src/nn/lower.ts'
import { type BuiltLayer, buildModel } from '../../../src/nn/model.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import type { Real } from '../../../src/onnx/value.ts'
import { allclose } from '../../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../support/keras.ts'

interface FamilyCase {
  readonly layer: { readonly type: string }
  readonly inputs: readonly Nested[]
  readonly masks: readonly (Nested | null)[] | null
  readonly weights: readonly Nested[]
  readonly y: Nested
  readonly mask: readonly (readonly boolean[])[] | null
}

const cases = kerasFixture<FamilyCase[]>('families.json').map(
  (made) =>
    [
      `${JSON.stringify(made.layer)} on ${made.inputs.map((x) => `[${shapeOf(x)}]`).join(' ')}${made.masks ? ' masked' : ''}`,
      made,
    ] as const,
)

/** The layer's own formula on masked inputs: what the layers before it would give. */
async function run({ layer, inputs, masks, weights }: FamilyCase) {
  const names = inputs.map((_, i) => `x${i}`)
  const model = buildModel(
    parseDefinition({
      layers: [
        ...inputs.map((x, i) => ({ type: 'Input', name: names[i], shape: shapeOf(x).slice(1) })),
        { ...layer, inputs: names },
      ],
    }),
  )
  expect(model.weights.map(({ shape }) => shape)).toEqual(weights.map(shapeOf))
  const op = createBuilder(newGraph())
  const feeds: Record<string, Tensor> = {}
  const xs = inputs.map((x, i): Real => {
    feeds[`x${i}`] = tensorOf('float32', flat(x), shapeOf(x))
    return op.graph.input(`x${i}`, 'float32', ['batch', ...shapeOf(x).slice(1)])
  })
  const given = (masks ?? []).map((mask, i) => {
    if (mask === null) return null
    feeds[`mask${i}`] = { type: 'bool', dims: shapeOf(mask), data: Uint8Array.from(flat(mask)) }
    return op.graph.input(`mask${i}`, 'bool', ['batch', ...shapeOf(mask).slice(1)])
  })
  const values = Object.fromEntries(
    model.weights.map(({ name, shape }, i) => [name, op.constant(tensorOf('float32', flat(weights[i] ?? []), shape))]),
  )
  const context = { training: false, uniform: (like: Real) => like }
  const built = model.layers.find(({ sources }) => sources.length > 0) as BuiltLayer
  const passed = xs.map((x, i) => ({ value: channelsLast(op, x), mask: given[i] ?? null }))
  const called = callLayer(op, built, passed, (name) => values[name], context)
  const y = op.Identity(called.outputs[0]?.last() as Real)
  const mask = called.masks[0] && op.Identity(called.masks[0])
  op.graph.output(y)
  if (mask) op.graph.output(mask)
  const results = await runGraph(op.graph, feeds)
  return { y: results[y.name], mask: mask && results[mask.name] }
}

test.each(cases)("%s gives Keras' output and mask", async (_name, made) => {
  const { y, mask } = await run(made)
  expect(y?.dims).toEqual(shapeOf(made.y))
  allclose(numbers(y), flat(made.y), { relative: 1e-5, absolute: 2e-6 })
  expect(mask ? numbers(mask) : null).toEqual(made.mask?.flat().map(Number) ?? null)
})
