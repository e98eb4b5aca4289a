import { describe, expect, test } from 'vitest'
import { Problem } from '../../src/errors.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { buildModel, hasOpenInput } from '../../src/nn/model.ts'
import { modelOf } from '../support/check-layer.ts'

const output = { type: 'Dense', units: 2 }

function problemOf(build: () => unknown): Problem {
  try {
    build()
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  throw new Error('the model was built')
}

test('a chain has the names, shapes and weights that Keras gives it', () => {
  const layers = [{ type: 'Input', shape: [4] }, { type: 'Dense', units: 3 }, { type: 'Dropout', rate: 0.5 }, output]
  const model = buildModel(parseDefinition({ layers }))
  expect(model.layers.map(({ name, outputShapes }) => [name, outputShapes[0]])).toEqual([
    ['input_layer', [4]],
    ['dense', [3]],
    ['dropout', [3]],
    ['dense_1', [2]],
  ])
  expect(model.weights.map(({ name, shape }) => [name, shape])).toEqual([
    ['dense/kernel', [4, 3]],
    ['dense/bias', [3]],
    ['dense_1/kernel', [3, 2]],
    ['dense_1/bias', [2]],
  ])
})

describe('an input that is left out or open', () => {
  test.each([[[output]], [[{ type: 'Input' }, output]], [[{ type: 'Input', shape: null }, output]]])(
    '%j takes the shape of the data',
    (layers) => {
      const definition = parseDefinition({ layers })
      expect(hasOpenInput(definition)).toBe(true)
      expect(buildModel(definition, [7]).inputs).toEqual([{ name: 'input_layer', shape: [7] }])
    },
  )

  test('is a shape mismatch while there is no data', () => {
    const { code, errors } = problemOf(() => buildModel(parseDefinition({ layers: [output] })))
    expect([code, errors[0]?.pointer]).toEqual(['shape_mismatch', '/layers/0'])
  })

  test('a stated shape is not open', () => {
    expect(hasOpenInput(parseDefinition({ layers: [{ type: 'Input', shape: [4] }, output] }))).toBe(false)
  })

  test('a stated shape that the data does not have is a mismatch that says both', () => {
    const definition = parseDefinition({ layers: [{ type: 'Input', shape: [4] }, output] })
    const { code, errors } = problemOf(() => buildModel(definition, [5]))
    expect([code, errors[0]?.pointer]).toEqual(['shape_mismatch', '/layers/0/shape'])
    expect(errors[0]?.detail).toMatch(/\[4\].*\[5\]/)
  })
})

test.each<readonly [string, readonly object[], string, string]>([
  [
    'a reshape to another number of values',
    [{ type: 'Input', shape: [10] }, output, { type: 'Reshape', target_shape: [3], name: 'r' }],
    '/layers/2',
    'layers[2] Reshape "r": expected 3 values for target_shape [3], received [batch, 2]',
  ],
  [
    'a reshape that does not divide',
    [
      { type: 'Input', shape: [10] },
      { type: 'Reshape', target_shape: [-1, 3] },
    ],
    '/layers/1',
    'a multiple of 3',
  ],
  [
    'a reshape with two open lengths',
    [
      { type: 'Input', shape: [10] },
      { type: 'Reshape', target_shape: [-1, -1] },
    ],
    '/layers/1',
    'at most one -1',
  ],
  [
    'a dense layer on single numbers',
    [{ type: 'Input', shape: [1] }, { type: 'Reshape', target_shape: [] }, output],
    '/layers/2',
    'at least one axis',
  ],
  [
    'a noise shape of another rank',
    [
      { type: 'Input', shape: [10] },
      { type: 'Dropout', rate: 0.1, noise_shape: [null, 1, 1] },
    ],
    '/layers/1',
    'noise_shape [null,1,1]',
  ],
  [
    'a weight that no memory holds',
    [
      { type: 'Input', shape: [100_000] },
      { type: 'Dense', units: 2_000_000_000 },
    ],
    '/layers/1',
    'would hold 200000000000000 numbers',
  ],
])('%s is a shape mismatch at its layer', (_name, layers, pointer, words) => {
  const { code, errors } = problemOf(() => buildModel(parseDefinition({ layers })))
  expect([code, errors[0]?.pointer]).toEqual(['shape_mismatch', pointer])
  expect(errors[0]?.detail).toContain(words)
})

test('the pointer counts the layers of the definition, with and without an Input', () => {
  const definition = parseDefinition({ layers: [output, { type: 'Reshape', target_shape: [3] }] })
  expect(problemOf(() => buildModel(definition, [4])).errors[0]?.pointer).toBe('/layers/1')
})

test.each([
  [[{ type: 'Dense', units: 2, activation: 'softmax' }], 'softmax'],
  [[output, { type: 'Activation', activation: 'sigmoid' }], 'sigmoid'],
  [
    [
      { type: 'Dense', units: 2, activation: 'softmax' },
      { type: 'Reshape', target_shape: [2] },
    ],
    'softmax',
  ],
  [[{ type: 'Dense', units: 2, activation: 'softmax' }, output], 'linear'],
  [[{ type: 'Dropout', rate: 0.1 }], 'linear'],
] as const)('the output of %j is %s', (layers, activation) => {
  expect(modelOf(layers, [3]).outputs[0]?.activation).toBe(activation)
})

test('weights of a frozen layer are not trainable', () => {
  const model = modelOf([{ type: 'Dense', units: 2, trainable: false }, output], [3])
  expect(model.weights.map(({ trainable }) => trainable)).toEqual([false, false, true, true])
})

test('a definition without its defaults filled in builds the same model', () => {
  const layers = [
    { type: 'Input', shape: [4] },
    { type: 'Dense', units: 3 },
  ]
  expect(buildModel({ layers })).toEqual(buildModel(parseDefinition({ layers })))
})

test.each([
  [{ type: 'RepeatVector', n: 2 ** 31 - 1 }, 'RepeatVector "repeat_vector"', '[2147483647, 10]', '21474836470'],
  [{ type: 'Dense', units: 2 ** 31 - 1 }, 'Dense "dense"', '[10, 2147483647]', '21474836470'],
])('what nothing can hold is refused with its size: %j', (layer, name, shape, size) => {
  const definition = parseDefinition({ layers: [{ type: 'Input', shape: [10] }, layer] })
  expect(() => buildModel(definition)).toThrow(new RegExp(`${name}: .* \\${shape} would hold ${size} numbers`))
})
