import { expect, test } from 'vitest'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { buildModel } from '../../../src/nn/model.ts'
import { type Given, resolveNamed } from '../../../src/nn/named.ts'
import { regularizers } from '../../../src/nn/regularizers/index.ts'

test.each<readonly [Given, object]>([
  ['l1', { name: 'l1', l1: 0.01 }],
  ['L2', { name: 'l2', l2: 0.01 }],
  ['l1_l2', { name: 'l1_l2', l1: 0, l2: 0 }],
  ['OrthogonalRegularizer', { name: 'orthogonal_regularizer', factor: 0.01, mode: 'rows' }],
  [{ name: 'l1l2', l2: 0.5 } as Given, { name: 'l1_l2', l1: 0, l2: 0.5 }],
])("%j has Keras' default factors", (given, resolved) => {
  expect(resolveNamed(regularizers, given)).toEqual(resolved)
})

test.each([
  [
    { type: 'Conv1D', filters: 2, kernel_size: 2, kernel_regularizer: 'orthogonal_regularizer' },
    /its kernel .* asks for two axes/,
  ],
  [{ type: 'ReLU', activity_regularizer: 'orthogonal_regularizer' }, /orthogonal_regularizer asks for two axes/],
])('what is no matrix has no orthogonal rows: %j', (layer, detail) => {
  expect(() => buildModel(parseDefinition({ layers: [layer] }), [4, 3])).toThrow(detail)
})
