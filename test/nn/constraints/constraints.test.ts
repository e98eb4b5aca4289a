import { describe, expect, test } from 'vitest'
import { constraints } from '../../../src/nn/constraints/index.ts'
import { entryOf, type NamedConfig, resolveNamed } from '../../../src/nn/named.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import { allclose } from '../../support/allclose.ts'
import { modelOf } from '../../support/check-layer.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../support/keras.ts'

interface ConstraintCase {
  readonly constraint: NamedConfig
  readonly w: Nested
  readonly constrained: Nested
}

const cases = kerasFixture<ConstraintCase[]>('constraints.json').map(
  (made) => [JSON.stringify(made.constraint), made] as const,
)

test.each(cases)("%s gives Keras' weights", async (_name, { constraint, w, constrained }) => {
  const op = createBuilder(newGraph())
  const config = resolveNamed(constraints, constraint)
  const x = op.graph.input('w', 'float32', shapeOf(w))
  const y = entryOf(constraints, config).apply(op, x, config)
  op.graph.output(y)
  const result = await runGraph(op.graph, { w: tensorOf('float32', flat(w), shapeOf(w)) })
  allclose(numbers(result[y.name]), flat(constrained), { relative: 1e-5, absolute: 1e-7 })
})

test('every constraint is in the vectors', () => {
  expect(new Set(cases.map(([, { constraint }]) => constraint.name))).toEqual(new Set(Object.keys(constraints)))
})

describe('a constraint on an axis that the weight has not', () => {
  test.each(['kernel', 'bias'])('is a mistake of the layer: %s', (weight) => {
    const layer = { type: 'Dense', units: 2, [`${weight}_constraint`]: { name: 'max_norm', axis: [0, 2] } }
    expect(() => modelOf([layer], [3])).toThrow(`its ${weight} is`)
    expect(() => modelOf([layer], [3])).toThrow(expect.objectContaining({ code: 'shape_mismatch' }))
  })
})
