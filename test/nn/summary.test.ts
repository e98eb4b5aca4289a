import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { buildModel } from '../../src/nn/model.ts'
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

test("a graph's text has its inputs and what each layer is connected to, as Keras prints them", () => {
  const model = buildModel(
    parseDefinition({
      layers: [
        { type: 'Input', name: 'a', shape: [12] },
        { type: 'Input', name: 'b', shape: [9] },
        { type: 'Dense', name: 'd', units: 6, inputs: ['a'] },
        { type: 'Dense', name: 'e', units: 6, inputs: ['b'] },
        { type: 'Dense', name: 's', units: 8, inputs: ['d'] },
        { type: 'Shared', name: 's again', of: 's', inputs: ['e'] },
        { type: 'Concatenate', name: 'c', inputs: ['s', 's again'] },
        { type: 'Dense', name: 'kind', units: 3, inputs: ['c'] },
        { type: 'Dense', name: 'price', units: 1, inputs: ['c'] },
      ],
      outputs: ['kind', 'price'],
    }),
  )
  expect(`${formatSummary(summarize(model), 'two')}\n`).toBe(kerasText('summary-graph.txt'))
  const { connected_to } = summarize(model).layers.at(-3) ?? {}
  expect(connected_to).toEqual(['s[0][0]', 's[1][0]'])
})

test('connections that do not fit into a line go on in the next one', () => {
  const names = ['first_branch', 'second_branch', 'x', 'y']
  const layers = [
    { type: 'Input', name: 'in', shape: [4] },
    ...names.map((name) => ({ type: 'Dense', name, units: 2, inputs: ['in'] })),
    { type: 'Add', name: 'sum', inputs: names },
  ]
  const text = formatSummary(summarize(buildModel(parseDefinition({ layers }))))
  const last = text.split('\n').slice(-6, -4)
  expect(
    text
      .split('\n')
      .filter((line) => /first_branch\[0\]\[0\],|second_branch\[0\]\[0\],|x\[0\]\[0\], y\[0\]\[0\]/.test(line)),
  ).toHaveLength(3)
  expect(last.every((line) => line.startsWith('│'))).toBe(true)
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
