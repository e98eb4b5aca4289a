import { expect, test } from 'vitest'
import { activations } from '../../../src/nn/activations.ts'
import { allclose } from '../../support/allclose.ts'
import { modelOf, runModel } from '../../support/check-layer.ts'
import { numbers } from '../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../support/keras.ts'

interface LayerCase {
  readonly layer: { readonly type: string }
  readonly x: Nested
  readonly weights: readonly Nested[]
  readonly y: Nested
  readonly losses: readonly number[]
}

const cases = kerasFixture<LayerCase[]>('layers.json').map(
  (made) => [`${JSON.stringify(made.layer)} on [${shapeOf(made.x)}]`, made] as const,
)

test.each(cases)("%s gives Keras' output and penalties", async (_name, { layer, x, weights, y, losses }) => {
  const model = modelOf([layer], shapeOf(x).slice(1))
  expect(model.weights.map(({ shape }) => shape)).toEqual(weights.map(shapeOf))
  const given = new Map(model.weights.map(({ name }, i) => [name, flat(weights[i] ?? [])]))
  const result = await runModel(model, flat(x), given)
  expect(result.y.dims).toEqual(shapeOf(y))
  allclose(numbers(result.y), flat(y), { relative: 1e-5, absolute: 1e-6 })
  allclose(result.penalties, losses, { relative: 1e-5 })
})

const { x, outputs } = kerasFixture<{ x: number[]; outputs: Record<string, number[]> }>('activations.json')

test("every activation is in Keras' vectors", () => {
  const inGradients = ['glu', 'sparsemax'] // layer-gradients.json
  expect([...Object.keys(outputs), ...inGradients].sort()).toEqual(Object.keys(activations).sort())
})

test.each(Object.entries(outputs))("%s gives Keras' values", async (activation, expected) => {
  const { y } = await runModel(modelOf([{ type: 'Activation', activation }], [x.length]), x, new Map())
  allclose(numbers(y), expected, { relative: 2e-6, absolute: 1e-6 })
})
