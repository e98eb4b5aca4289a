/** Axes left open in a definition, and the text network of a well-known book chapter on Keras, whose time axis is open. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { buildModel, hasOpenInput } from '../../src/nn/model.ts'
import { summarizeOpen } from '../../src/nn/open-axes.ts'

const text = parseDefinition({
  layers: [
    { type: 'Input', shape: [null] },
    { type: 'Embedding', input_dim: 8000, output_dim: 64 },
    { type: 'Bidirectional', layer: { type: 'LSTM', units: 64 } },
    { type: 'Dense', units: 64, activation: 'relu' },
    { type: 'Dense', units: 1, activation: 'sigmoid' },
  ],
})

test('the text network has 586,369 parameters, line by line, its time axis null', () => {
  expect(hasOpenInput(text)).toBe(true)
  const summary = summarizeOpen(text)
  expect(summary?.layers.map(({ output_shape, parameters }) => [output_shape, parameters])).toEqual([
    [[null, null, 64], 512_000],
    [[null, 128], 66_048],
    [[null, 64], 8_256],
    [[null, 1], 65],
  ])
  expect(summary?.total_parameters).toBe(586_369)
})

test('the length of the data binds the axis', () => {
  const model = buildModel(text, [100])
  expect(model.layers[1]?.outputShapes).toEqual([[100, 64]])
})

test('lengths that follow from the open one are null too, others are not', () => {
  const definition = parseDefinition({
    layers: [
      { type: 'Input', shape: [null, 8] },
      { type: 'Conv1D', filters: 4, kernel_size: 3, strides: 2 },
      { type: 'GlobalMaxPooling1D' },
    ],
  })
  expect(summarizeOpen(definition)?.layers.map(({ output_shape }) => output_shape)).toEqual([
    [null, null, 4],
    [null, 4],
  ])
})

test('a layer whose weights need the open length says so by name', () => {
  const definition = parseDefinition({
    layers: [{ type: 'Input', shape: [null, 8] }, { type: 'Flatten' }, { type: 'Dense', units: 1, name: 'head' }],
  })
  const problem = { code: 'shape_mismatch', errors: [expect.objectContaining({ pointer: '/layers/2' })] }
  expect(() => summarizeOpen(definition)).toThrow(/layers\[2\] Dense "head": its weights need the length/)
  expect(() => summarizeOpen(definition)).toThrow(expect.objectContaining(problem))
})

test('data that does not fit the axes that are given is refused with both shapes', () => {
  const definition = parseDefinition({ layers: [{ type: 'Input', shape: [null, 8] }, { type: 'GlobalMaxPooling1D' }] })
  expect(() => buildModel(definition, [5, 9])).toThrow('the definition says [null, 8], the data has [5, 9]')
})

test('an input that says nothing has no summary yet', () => {
  expect(summarizeOpen(parseDefinition({ layers: [{ type: 'Dense', units: 1 }] }))).toBeNull()
})
