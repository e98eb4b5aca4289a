/** What a model put out, as JSON can hold it (case C54). */
import { expect, test } from 'vitest'
import { toAnswers, toOutputAnswers } from '../../src/serving/answers.ts'

const flower = { name: 'species', kind: 'multiclass', labels: ['a', 'b'] } as const

test('a class target answers the label and the probability of every label', () => {
  const outputs = {
    label: { type: 'string', dims: [2], data: ['b', 'a'] },
    probabilities: { type: 'float32', dims: [2, 2], data: Float32Array.of(0.25, 0.75, 0.5, 0.5) },
  } as const
  expect(toAnswers(flower, outputs)).toEqual({
    predictions: [
      { label: 'b', probabilities: { a: 0.25, b: 0.75 } },
      { label: 'a', probabilities: { a: 0.5, b: 0.5 } },
    ],
    warnings: [],
  })
})

test('values that JSON cannot hold are null in place, with a warning, and the length is kept', () => {
  const value = { type: 'float32', dims: [3], data: Float32Array.of(0, Number.NEGATIVE_INFINITY, Number.NaN) } as const
  const { predictions, warnings } = toAnswers({ name: 'y', kind: 'regression' }, { value })
  expect(predictions).toEqual([{ value: 0 }, { value: null }, { value: null }])
  expect(warnings.map(({ pointer }) => pointer)).toEqual(['/predictions/1/value', '/predictions/2/value'])
})

test('no label is claimed where the probabilities are not numbers', () => {
  const outputs = {
    label: { type: 'string', dims: [1], data: ['a'] },
    probabilities: { type: 'float32', dims: [1, 2], data: Float32Array.of(Number.NaN, Number.NaN) },
  } as const
  const { predictions, warnings } = toAnswers(flower, outputs)
  expect(predictions).toEqual([{ label: null, probabilities: { a: null, b: null } }])
  expect(warnings).toHaveLength(1)
})

test('a target of several numbers answers a cell of its shape', () => {
  const value = { type: 'float32', dims: [2, 1, 2], data: Float32Array.of(1, 2, 3, Number.NaN) } as const
  const { predictions, warnings } = toAnswers({ name: 'y', kind: 'numbers', shape: [1, 2] }, { value })
  expect(predictions).toEqual([{ value: [[1, 2]] }, { value: [[3, null]] }])
  expect(warnings.map(({ pointer }) => pointer)).toEqual(['/predictions/1/value'])
})

test('several labels come with their probabilities, and none is claimed where one is not a number', () => {
  const outputs = {
    value: { type: 'float32', dims: [2, 2], data: Float32Array.of(1, 0, 0, 0) },
    probabilities: { type: 'float32', dims: [2, 2], data: Float32Array.of(0.75, 0.25, Number.NaN, 0.25) },
  } as const
  const { predictions } = toAnswers({ name: 'y', kind: 'multilabel', shape: [2] }, outputs)
  expect(predictions).toEqual([
    { value: [1, 0], probabilities: [0.75, 0.25] },
    { value: null, probabilities: [null, 0.25] },
  ])
})

test('a warning of one of several outputs points at it, whatever its name', () => {
  const value = { type: 'float32', dims: [2], data: Float32Array.of(0, Number.NaN) } as const
  const target = { output: 'a/$1~b', name: 'y', kind: 'regression' } as const
  const { predictions, warnings } = toOutputAnswers([target], { 'a/$1~b_value': value })
  expect(predictions).toEqual([{ outputs: { 'a/$1~b': { value: 0 } } }, { outputs: { 'a/$1~b': { value: null } } }])
  expect(warnings).toMatchObject([{ pointer: '/predictions/1/outputs/a~1$1~0b/value' }])
})
