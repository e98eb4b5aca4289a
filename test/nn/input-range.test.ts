/** The ids that a model's inputs take. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { inputRanges } from '../../src/nn/input-range.ts'

const embedding = (input_dim: number, more: object = {}) => ({ type: 'Embedding', input_dim, output_dim: 2, ...more })
const dense = { type: 'Dense', units: 1 }
const rangesOf = (definition: object) => Object.fromEntries(inputRanges(parseDefinition(definition)))

test('an Embedding at the front takes 0 to input_dim - 1, also behind layers that only move values', () => {
  expect(Object.values(rangesOf({ layers: [embedding(3), dense] }))).toEqual([{ min: 0, max: 2 }])
  const moved = [{ type: 'Input', shape: [2, 2], name: 'ids' }, { type: 'Flatten' }, embedding(9), dense]
  expect(rangesOf({ layers: moved })).toEqual({ ids: { min: 0, max: 8 } })
})

test('other layers take any numbers', () => {
  expect(rangesOf({ layers: [dense, { type: 'Reshape', target_shape: [1] }] })).toEqual({})
})

test('two that look the same input up: the narrower range counts; a shared one counts as itself', () => {
  const layers = [
    { type: 'Input', shape: [2], name: 'ids' },
    { type: 'Input', shape: [2], name: 'others' },
    embedding(9, { name: 'wide', inputs: ['ids'] }),
    embedding(5, { name: 'narrow', inputs: ['ids'] }),
    { type: 'Shared', of: 'wide', name: 'again', inputs: ['others'] },
  ]
  expect(rangesOf({ layers, outputs: ['wide', 'narrow', 'again'] })).toEqual({
    ids: { min: 0, max: 4 },
    others: { min: 0, max: 8 },
  })
})
