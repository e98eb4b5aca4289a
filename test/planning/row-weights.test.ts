/** What rows weigh: class_weight and sample_weight, from the request to the encoded part. */
import { describe, expect, test } from 'vitest'
import { describeColumns } from '../../src/data/columns.ts'
import { tableFromJson } from '../../src/data/readers/read-table.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'

const head = (units: number, activation: string) => parseDefinition({ layers: [{ type: 'Dense', units, activation }] })

const animals = {
  x: [1, 2, 3, 4, 5, 6, 7, 8],
  y: ['cat', 'cat', 'cat', 'dog', 'dog', 'owl', 'cat', 'owl'],
  often: [1, 2, 0.5, 0, 1, 1, 3, 4],
}
const inOrder = { split: { train: 0.75, validation: 0.25, shuffle: false } }

async function planOf(columns: object, request: object, definition = head(3, 'softmax')) {
  const { table } = await tableFromJson({ columns })
  const given = { dataset: 'ds_1', target: 'y', ...inOrder, ...request }
  const plan = planTraining({ definition, table, columns: describeColumns(table), request: given, seed: 1 })
  const weights = (part: 'train' | 'validation') => {
    const found = encodePart(plan, table, part).weights
    return found && [...found]
  }
  return { plan, table, train: weights('train'), validation: weights('validation') }
}

const refused = (code: string, pointer: string, words: RegExp) =>
  expect.objectContaining({
    code,
    detail: expect.stringMatching(words),
    errors: [expect.objectContaining({ pointer })],
  })

describe('class_weight', () => {
  test('C18: labels as written; a class that is left out weighs 1; validation is not weighted', async () => {
    const { train, validation, plan } = await planOf(animals, { class_weight: { dog: 2, owl: 5 }, features: ['x'] })
    expect(train).toEqual([1, 1, 1, 2, 2, 5])
    expect(validation).toBeNull()
    expect(plan.request.class_weight).toEqual({ dog: 2, owl: 5 })
  })

  test('C18: an unknown class is refused with those that there are', async () => {
    await expect(planOf(animals, { class_weight: { cat: 2, bird: 1 } })).rejects.toEqual(
      refused('invalid_training', '/class_weight/bird', /"bird" is no class of the target "y".*"cat", "dog", "owl"/),
    )
  })

  test('balanced: rows / (classes · rows of the class) of the training part', async () => {
    const { train, plan } = await planOf(animals, { class_weight: 'balanced' })
    expect(train).toEqual([6 / 9, 6 / 9, 6 / 9, 1, 1, 2].map((weight) => expect.closeTo(weight, 6)))
    expect(plan.request.class_weight).toBe('balanced')
  })

  test('balanced, where a class has no training row: the others are balanced among themselves', async () => {
    const y = ['a', 'a', 'a', 'b', 'c', 'c']
    const split = { train: 4 / 6, validation: 2 / 6, shuffle: false }
    const { plan } = await planOf({ x: [1, 2, 3, 4, 5, 6], y }, { class_weight: 'balanced', split })
    expect(plan.weighting.classWeights).toEqual([expect.closeTo(4 / 6), 2, 1])
  })

  test('numbers as labels may be written as JSON or as in the data', async () => {
    const columns = { x: [1, 2, 3, 4], y: [0, 1, 2, 1] }
    const request = {
      class_weight: { '1.0': 3, 2: 4 },
      loss: 'sparse_categorical_crossentropy',
      split: { train: 1, shuffle: false },
    }
    expect((await planOf(columns, request)).train).toEqual([1, 3, 4, 3])
  })

  test('true and false as labels, on one sigmoid', async () => {
    const columns = { x: [1, 2, 3, 4], y: [true, false, true, false] }
    const request = { class_weight: { true: 3 }, split: { train: 1, shuffle: false } }
    expect((await planOf(columns, request, head(1, 'sigmoid'))).train).toEqual([3, 1, 3, 1])
  })

  test('a target that is a number has none', async () => {
    await expect(
      planOf({ x: [1, 2], y: [0.5, 2] }, { class_weight: 'balanced', split: { train: 1 } }, head(1, 'linear')),
    ).rejects.toEqual(
      refused('invalid_training', '/class_weight', /"y" is learned as numbers and has no classes; use sample_weight/),
    )
  })

  test.each([
    [{ cat: -1 }, '/class_weight/cat'],
    ['equal', '/class_weight'],
    [{ cat: '2' }, '/class_weight/cat'],
  ])('%j is refused', async (class_weight, pointer) => {
    await expect(planOf(animals, { class_weight })).rejects.toEqual(refused('invalid_training', pointer, /./))
  })
})

describe('sample_weight', () => {
  test('a column weighs every part and is no feature', async () => {
    const { train, validation, plan } = await planOf(animals, { sample_weight: 'often' })
    expect(train).toEqual([1, 2, 0.5, 0, 1, 1])
    expect(validation).toEqual([3, 4])
    expect(plan.request).toMatchObject({ features: ['x'], sample_weight: 'often' })
  })

  test('both: multiplied in training', async () => {
    const request = { sample_weight: 'often', class_weight: { cat: 2 } }
    const { train, validation } = await planOf(animals, request)
    expect(train).toEqual([2, 4, 1, 0, 1, 1])
    expect(validation).toEqual([3, 4])
  })

  test('the request told back gives the same weights', async () => {
    const first = await planOf(animals, { sample_weight: 'often', class_weight: 'balanced' })
    const again = await planOf(animals, first.plan.request)
    expect(again.train).toEqual(first.train)
    expect(again.plan.request).toEqual(first.plan.request)
  })

  test('neither: nothing is weighted', async () => {
    const { train, plan } = await planOf(animals, {})
    expect(train).toBeNull()
    expect(plan.request).toMatchObject({ class_weight: null, sample_weight: null })
  })

  test('rows without a weight are refused, or dropped where asked', async () => {
    const columns = { ...animals, often: [1, null, 0.5, 0, 1, 1, 3, 4] }
    await expect(planOf(columns, { sample_weight: 'often' })).rejects.toMatchObject({ code: 'missing_values' })
    const dropped = await planOf(columns, { sample_weight: 'often', missing_values: { often: 'drop' } })
    expect(dropped.plan.split.train.length + dropped.plan.split.validation.length).toBe(7)
    await expect(planOf(columns, { sample_weight: 'often', missing_values: { often: 'mean' } })).rejects.toEqual(
      refused('invalid_training', '/missing_values/often', /the sample weight, which cannot be filled in/),
    )
  })

  test.each<[string, object, string, RegExp]>([
    ['an unknown column', { sample_weight: 'weight' }, 'unknown_column', /no column "weight"; it has x, y, often/],
    ['the target', { sample_weight: 'y' }, 'invalid_training', /"y" is the target/],
    ['a feature', { sample_weight: 'often', features: ['x', 'often'] }, 'invalid_training', /one of the features/],
  ])('%s is refused', async (_, request, code, words) => {
    await expect(planOf(animals, request)).rejects.toEqual(refused(code, '/sample_weight', words))
  })

  test('texts and negative numbers are refused with the row', async () => {
    await expect(planOf({ ...animals, often: animals.y }, { sample_weight: 'often' })).rejects.toEqual(
      refused('invalid_training', '/sample_weight', /of type category; weights are numbers/),
    )
    await expect(planOf({ ...animals, often: [1, 1, -2, 1, 1, 1, 1, 1] }, { sample_weight: 'often' })).rejects.toEqual(
      refused('invalid_training', '/sample_weight', /holds -2 in row 3/),
    )
  })
})

test('vectors are learned by cosine_similarity from any output, and measured as numbers; their rows may be weighted', async () => {
  const columns = {
    x: [1, 2, 3],
    y: [
      [3, -4],
      [1, 2],
      [-2, 0.5],
    ],
    often: [1, 2, 3],
  }
  const request = { loss: 'cosine_similarity', sample_weight: 'often', split: { train: 1, shuffle: false } }
  const { plan, train } = await planOf(columns, request, head(2, 'linear'))
  expect([plan.metricKind, plan.request.metrics, plan.labels]).toEqual(['number', ['mean_absolute_error'], null])
  expect(train).toEqual([1, 2, 3])
  await expect(planOf(columns, { ...request, class_weight: 'balanced' }, head(2, 'linear'))).rejects.toEqual(
    refused('invalid_training', '/class_weight', /has no classes/),
  )
})
