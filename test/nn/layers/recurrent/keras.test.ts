import { expect, test } from 'vitest'
import { parseDefinition } from '../../../../src/nn/definition.ts'
import { callModel } from '../../../../src/nn/lower.ts'
import { buildModel, type Model } from '../../../../src/nn/model.ts'
import { createBuilder } from '../../../../src/onnx/builder.ts'
import { tensorOf } from '../../../../src/onnx/tensor.ts'
import type { Real } from '../../../../src/onnx/value.ts'
import { allclose } from '../../../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../../support/keras.ts'

interface RecurrentCase {
  readonly layers: readonly { readonly type: string }[]
  readonly x: Nested
  readonly weights: readonly Nested[]
  readonly outputs: readonly Nested[]
}

const cases = kerasFixture<RecurrentCase[]>('recurrent.json').map(
  (made) => [JSON.stringify(made.layers), made] as const,
)

/** The chain with all outputs of its last layer as the model's. */
function modelOf({ layers, x, outputs }: RecurrentCase): Model {
  const names = layers.map((_, i) => `layer${i}`)
  const chain = layers.map((layer, i) => ({ ...layer, name: names[i], inputs: [names[i - 1] ?? 'x'] }))
  return buildModel(
    parseDefinition({
      layers: [{ type: 'Input', name: 'x', shape: shapeOf(x).slice(1) }, ...chain],
      outputs: outputs.map((_, output) => ({ layer: names.at(-1), output })),
    }),
  )
}

async function run(made: RecurrentCase, served: boolean) {
  const model = modelOf(made)
  expect(model.weights.map(({ shape }) => shape)).toEqual(made.weights.map(shapeOf))
  const op = createBuilder(newGraph())
  const feeds = { x: tensorOf('float32', flat(made.x), shapeOf(made.x)) }
  const values = Object.fromEntries(
    model.weights.map(({ name, shape }, i): [string, Real] => {
      const tensor = tensorOf('float32', flat(made.weights[i] ?? []), shape)
      if (served) return [name, op.constant(tensor, name)]
      Object.assign(feeds, { [name]: tensor })
      return [name, op.graph.input(name, 'float32', shape)]
    }),
  )
  const x = op.graph.input('x', 'float32', ['batch', ...shapeOf(made.x).slice(1)])
  const called = callModel(op, model, [x], values, { training: false, uniform: (like) => like })
  const outputs = called.outputs.map((value) => op.named('out').Identity(value))
  for (const output of outputs) op.graph.output(output)
  const results = await runGraph(op.graph, feeds)
  return outputs.map(({ name }) => results[name])
}

test.each(cases)("%s gives Keras' outputs, trained and served", async (_name, made) => {
  for (const served of [false, true]) {
    const outputs = await run(made, served)
    expect(outputs).toHaveLength(made.outputs.length)
    outputs.forEach((output, i) => {
      expect(output?.dims).toEqual(shapeOf(made.outputs[i] ?? []))
      allclose(numbers(output), flat(made.outputs[i] ?? []), { relative: 1e-5, absolute: 2e-6 })
    })
  }
})
