import { expect, test } from 'vitest'
import { nameLayers, toSnakeCase } from '../../src/nn/names.ts'

test.each([
  ['Dense', 'dense'],
  ['BatchNormalization', 'batch_normalization'],
  ['Conv2DTranspose', 'conv2d_transpose'],
  ['LSTM', 'lstm'],
  ['GlobalMaxPooling1D', 'global_max_pooling1d'],
  ['MaxPooling2D', 'max_pooling2d'],
  ['SeparableConv2D', 'separable_conv2d'],
])('%s is named %s, as in Keras', (className, name) => {
  expect(toSnakeCase(className)).toBe(name)
})

test('layers without a name are counted by type', () => {
  const layers = ['Input', 'Dense', 'Dropout', 'Dense', 'Dense'].map((type) => ({ type }))
  expect(nameLayers(layers)).toEqual(['input_layer', 'dense', 'dropout', 'dense_1', 'dense_2'])
})

test('C67: automatic names give way to given ones, wherever those stand', () => {
  const layers = [
    { type: 'Dense' },
    { type: 'Dense', name: 'dense' },
    { type: 'Dense' },
    { type: 'Dense', name: 'dense_2' },
  ]
  expect(nameLayers(layers)).toEqual(['dense_1', 'dense', 'dense_3', 'dense_2'])
})

test('names that every object has are names like others', () => {
  const layers = [{ type: 'Dense', name: '__proto__' }, { type: 'Dense', name: 'constructor' }, { type: 'Dense' }]
  expect(nameLayers(layers)).toEqual(['__proto__', 'constructor', 'dense'])
})
