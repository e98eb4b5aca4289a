/** Instances whose fields are nested lists, and ids that the model looks up (case C73, predict half). */
import { expect, test } from 'vitest'
import { instanceReader } from '../../src/serving/instances.ts'
import type { Feature } from '../../src/serving/signature.ts'

const image: Feature = { name: 'image', input: 'image', type: 'tensor', shape: [2, 2], required: true }
const words: Feature = { ...image, name: 'words', input: 'words', shape: [3], padded: true }
const id: Feature = { name: 'id', input: 'id', type: 'number', required: true, range: { min: 0, max: 2 } }

const read = (feature: Feature, ...instances: unknown[]) => instanceReader([feature])(instances)
const numbersOf = (feature: Feature, ...instances: unknown[]) => read(feature, ...instances).feeds[feature.input]

const cell = [
  [1, 2],
  [3, 4.5],
]

test.each([
  ['an object', { image: cell }],
  ['the bare lists', cell],
  ['a row of one value', [cell]],
])('a cell may come as %s', (_, instance) => {
  expect(numbersOf(image, instance)).toEqual({ type: 'float32', dims: [1, 2, 2], data: Float32Array.of(1, 2, 3, 4.5) })
})

test('shorter sequences are filled up with zeros at their end, as in training', () => {
  expect(numbersOf(words, [7], { words: [] }, [1, 2, 3])).toEqual({
    type: 'float32',
    dims: [3, 3],
    data: Float32Array.of(7, 0, 0, 0, 0, 0, 1, 2, 3),
  })
})

const looked: Feature = { ...words, range: { min: 0, max: 2 } }
test.each([
  ['another shape', image, { image: [[1, 2]] }, '/instances/0/image', 'shape [2, 2], received a list of 1'],
  ['a ragged cell', image, [[1, 2], [3]], '/instances/0', 'received a list of 1 inside at [1]'],
  [
    'a text inside',
    image,
    [
      [1, 'x'],
      [3, 4],
    ],
    '/instances/0',
    'received "x" at [0]',
  ],
  [
    'too deep a cell',
    image,
    [
      [[1], 2],
      [3, 4],
    ],
    '/instances/0',
    '1',
  ],
  ['a number', image, { image: 5 }, '/instances/0/image', 'received 5'],
  ['a missing cell', image, {}, '/instances/0/image', 'is required'],
  ['too long a sequence', words, [1, 2, 3, 4], '/instances/0', 'a list of up to 3 numbers, received a list of 4'],
  ['an id one past the range', looked, [0, 3], '/instances/0', 'a whole number from 0 to 2, received 3 at [1]'],
  ['a negative id', looked, { words: [-1] }, '/instances/0/words', 'received -1 at [0]'],
  ['an id that is no whole number', looked, [1.5], '/instances/0', 'received 1.5 at [0]'],
  ['an id in a plain column', id, { id: 3 }, '/instances/0/id', 'must be a whole number from 0 to 2, received 3'],
  ['a fraction in a plain column', id, [1.5], '/instances/0/0', 'received 1.5'],
])('%s is refused with its place', (_, feature, instance, pointer, words) => {
  const refusal = { code: 'invalid_instance', errors: [expect.objectContaining({ pointer })] }
  expect(() => read(feature, instance)).toThrow(expect.objectContaining(refusal))
  expect(() => read(feature, instance)).toThrow(words)
})

test('C73: 0 and 2 of the range 0 to 2 pass', () => {
  expect(numbersOf(looked, [0, 2])?.data).toEqual(Float32Array.of(0, 2, 0))
  expect(numbersOf(id, { id: 2 })?.data).toEqual(Float64Array.of(2))
})

test('few bytes that would be filled up to more than one request may hold are refused', () => {
  const long: Feature = { ...words, shape: [2 ** 20] }
  const instances = Array.from({ length: 200 }, () => [1])
  expect(() => read(long, ...instances)).toThrow('send up to 128 at once')
})
