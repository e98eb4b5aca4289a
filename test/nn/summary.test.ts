import { describe, expect, test } from 'vitest'
import { formatSummary, summarize } from '../../src/nn/summary.ts'
import { modelOf } from '../support/check-layer.ts'
import { kerasText } from '../support/keras.ts'

const network = (...rest: readonly object[]) =>
  modelOf(
    [
      { type: 'Input', shape: [100] },
      { type: 'Dense', units: 128, activation: 'relu' },
      { type: 'Dense', units: 256, activation: 'relu' },
      ...rest,
      { type: 'Dense', units: 10, activation: 'softmax' },
    ],
    [100],
  )

describe('the summary of a 100-128-256-10 network', () => {
  const summary = summarize(network())

  test.each([
    [0, { name: 'dense', type: 'Dense', output_shape: [null, 128], parameters: 12_928, trainable: true }],
    [1, { name: 'dense_1', type: 'Dense', output_shape: [null, 256], parameters: 33_024, trainable: true }],
    [2, { name: 'dense_2', type: 'Dense', output_shape: [null, 10], parameters: 2_570, trainable: true }],
  ])("has Keras' line %i", (line, expected) => {
    expect(summary.layers[line]).toEqual(expected)
  })

  test('has three lines: the input is none', () => {
    expect(summary.layers).toHaveLength(3)
  })

  test("has Keras' total of 48,522 parameters, all trainable", () => {
    const { total_parameters, trainable_parameters, non_trainable_parameters } = summary
    expect([total_parameters, trainable_parameters, non_trainable_parameters]).toEqual([48_522, 48_522, 0])
  })
})

test("the text is the one that Keras prints, a frozen layer's parameters apart", () => {
  const model = modelOf(
    [
      { type: 'Dense', units: 128, activation: 'relu', trainable: false },
      { type: 'Dense', units: 256, activation: 'relu' },
      { type: 'Dropout', rate: 0.5 },
      { type: 'Dense', units: 10, activation: 'softmax' },
    ],
    [100],
  )
  expect(`${formatSummary(summarize(model))}\n`).toBe(kerasText('summary.txt'))
})

test('a layer with a long name makes its column wider', () => {
  const name = 'a layer with a name that is rather long'
  const lines = formatSummary(summarize(network({ type: 'Dropout', rate: 0.1, name }))).split('\n')
  expect(lines.some((line) => line.startsWith(`│ ${name} (Dropout) │`))).toBe(true)
  expect(new Set(lines.slice(1, -3).map((line) => line.length)).size).toBe(1)
})

test('a model without parameters has 0 bytes of them', () => {
  expect(formatSummary(summarize(modelOf([{ type: 'Flatten' }], [2, 2])))).toContain('Total params: 0 (0.00 B)')
})
