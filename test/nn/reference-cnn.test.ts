/** The CNN for 480x680 images of a well-known book chapter on Keras: its summary, line by line. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { buildModel } from '../../src/nn/model.ts'
import { formatSummary, summarize } from '../../src/nn/summary.ts'
import { kerasText } from '../support/keras.ts'

const block = (filters: number) => [
  { type: 'Conv2D', filters, kernel_size: 3, padding: 'same', activation: 'relu' },
  { type: 'MaxPooling2D' },
]

const definition = {
  layers: [
    { type: 'Input', shape: [480, 680, 3] },
    ...[16, 32, 64].flatMap(block),
    { type: 'Flatten' },
    { type: 'Dense', units: 512, activation: 'relu' },
    { type: 'Dense', units: 1, activation: 'sigmoid' },
  ],
}

test("every line of the summary is Keras' own", () => {
  const text = formatSummary(summarize(buildModel(parseDefinition(definition))))
  expect(`${text}\n`).toBe(kerasText('summary-cnn.txt'))
})

test('it has 167,141,409 parameters, all of them trained', () => {
  expect(summarize(buildModel(parseDefinition(definition)))).toMatchObject({
    total_parameters: 167_141_409,
    trainable_parameters: 167_141_409,
    non_trainable_parameters: 0,
  })
})
