/** Plans with nested lists as the feature or as the target. */
import { describe, expect, test } from 'vitest'
import { describeColumns } from '../../src/data/columns.ts'
import { tableFromJson } from '../../src/data/readers/read-table.ts'
import { type Definition, parseDefinition } from '../../src/nn/definition.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'

const chain = (...layers: object[]): Definition => parseDefinition({ layers })
const dense = (units: number, activation = 'linear') => ({ type: 'Dense', units, activation })
const all = { split: { train: 1, shuffle: false } }

async function planOf(columns: object, request: object, definition: Definition) {
  const { table } = await tableFromJson({ columns })
  const plan = planTraining({
    definition,
    table,
    columns: describeColumns(table),
    request: { dataset: 'ds_1', target: 'y', ...all, ...request },
    seed: 1,
  })
  return { plan, part: encodePart(plan, table, 'train') }
}

const refusal = (code: string, pointer: string) =>
  expect.objectContaining({ code, errors: [expect.objectContaining({ in: 'body', pointer })] })

const pixels = [
  [[0], [255]],
  [[51], [102]],
]
const images = { image: [pixels, pixels, pixels], y: ['a', 'b', 'a'] }

describe('a feature of nested lists', () => {
  test('gives an open input its shape, and nothing is done to it', async () => {
    const { plan, part } = await planOf(images, {}, chain({ type: 'Flatten' }, dense(2, 'softmax')))
    expect(plan.inputShape).toEqual([2, 2, 1])
    expect(plan.request.preprocessing).toEqual({ image: 'none' })
    expect(part.x).toEqual({
      type: 'float32',
      dims: [3, 2, 2, 1],
      data: Float32Array.of(0, 255, 51, 102, 0, 255, 51, 102, 0, 255, 51, 102),
    })
  })

  test('may be rescaled to 0 to 1', async () => {
    const request = { preprocessing: 'rescale' }
    const { part } = await planOf(images, request, chain({ type: 'Flatten' }, dense(2, 'softmax')))
    expect([...part.x.data.slice(0, 4)]).toEqual([0, 1, 51 / 255, 102 / 255].map(Math.fround))
  })

  test('must have the shape that Input says', async () => {
    const definition = chain({ type: 'Input', shape: [2, 2] }, { type: 'Flatten' }, dense(2, 'softmax'))
    const planned = planOf(images, {}, definition)
    await expect(planned).rejects.toEqual(refusal('shape_mismatch', '/features'))
    await expect(planned).rejects.toThrow("have the shape [2, 2, 1], the model's input has shape [2, 2]")
  })

  test('cannot stand beside another feature', async () => {
    const planned = planOf({ ...images, n: [1, 2, 3] }, {}, chain({ type: 'Flatten' }, dense(2, 'softmax')))
    await expect(planned).rejects.toEqual(refusal('invalid_training', '/features'))
  })
})

describe('a target of several numbers', () => {
  const x = [1, 2, 3]
  const learn = (y: unknown[], units: number, activation: string, request: object = {}) =>
    planOf({ x, y }, request, chain(dense(units, activation)))

  test('numbers are learned with mean_squared_error', async () => {
    const { plan, part } = await learn(
      [
        [1, 2],
        [3, 4],
        [5, 6.5],
      ],
      2,
      'linear',
    )
    expect(plan.request).toMatchObject({ loss: { name: 'mean_squared_error' }, metrics: ['mean_absolute_error'] })
    expect(plan.target).toMatchObject({ kind: 'numbers', shape: [2] })
    expect(part.y).toEqual({ type: 'float32', dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6.5) })
  })

  test('C22: zeros and ones on sigmoid units are several labels, whose accuracy counts one by one', async () => {
    const { plan } = await learn(
      [
        [1, 0, 0],
        [0, 1, 1],
        [0, 0, 0],
      ],
      3,
      'sigmoid',
    )
    expect(plan.request).toMatchObject({ loss: { name: 'binary_crossentropy' }, metrics: ['accuracy'] })
    expect([plan.metricKind, plan.target.kind]).toEqual(['binary', 'multilabel'])
  })

  test('shares on sigmoid units are numbers (an autoencoder)', async () => {
    const { plan } = await learn(
      [
        [0.25, 0],
        [1, 0.5],
        [0, 1],
      ],
      2,
      'sigmoid',
    )
    expect([plan.loss.name, plan.target.kind]).toEqual(['binary_crossentropy', 'numbers'])
  })

  test('one-hot rows on softmax are classes', async () => {
    const { plan } = await learn(
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
      2,
      'softmax',
    )
    expect([plan.loss.name, plan.metricKind, plan.target.kind]).toEqual([
      'categorical_crossentropy',
      'one_hot',
      'one_hot',
    ])
  })

  test('class indices of every step', async () => {
    const { table } = await tableFromJson({
      columns: {
        x: [
          [[1], [2]],
          [[3], [4]],
        ],
        y: [
          [0, 2],
          [1, 0],
        ],
      },
    })
    const plan = planTraining({
      definition: chain(dense(3, 'softmax')),
      table,
      columns: describeColumns(table),
      request: { dataset: 'ds_1', target: 'y', ...all },
    })
    expect([plan.loss.name, plan.target.kind]).toEqual(['sparse_categorical_crossentropy', 'class_ids'])
    expect(encodePart(plan, table, 'train').y).toEqual({ type: 'int32', dims: [2, 2], data: Int32Array.of(0, 2, 1, 0) })
  })

  test('logits of several labels are made probabilities where they are served', async () => {
    const loss = { name: 'binary_crossentropy', from_logits: true }
    const { plan } = await learn(
      [
        [1, 0],
        [0, 1],
        [0, 0],
      ],
      2,
      'linear',
      { loss },
    )
    expect(plan.target).toMatchObject({ kind: 'multilabel', activation: 'sigmoid' })
  })

  test('the request told back gives the same plan', async () => {
    const y = [
      [1, 0],
      [0, 1],
      [0, 0],
    ]
    const { plan } = await learn(y, 2, 'sigmoid')
    const again = await learn(y, 2, 'sigmoid', plan.request)
    expect(again.plan).toEqual(plan)
  })

  test.each([
    [
      'another shape than the output',
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      3,
      'linear',
      {},
      'shape_mismatch',
      '/target',
    ],
    [
      'labels that are no 0 to 1',
      [
        [1, 0],
        [2, 0],
        [0, 1],
      ],
      2,
      'sigmoid',
      { loss: 'binary_crossentropy' },
      'invalid_target',
      '/target',
    ],
    [
      'rows that are not one-hot',
      [
        [1, 0],
        [1, 1],
        [0, 1],
      ],
      2,
      'softmax',
      { loss: 'categorical_crossentropy' },
      'invalid_target',
      '/target',
    ],
    [
      'a loss that wants probabilities',
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
      2,
      'linear',
      { loss: 'binary_crossentropy' },
      'loss_mismatch',
      '/loss',
    ],
    ['lists of several lengths', [[1, 2], [3], [4, 5]], 2, 'linear', {}, 'invalid_target', '/target'],
    [
      'class weights',
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
      2,
      'softmax',
      { class_weight: 'balanced' },
      'invalid_training',
      '/class_weight',
    ],
    [
      'a split by classes',
      [
        [1, 0],
        [0, 1],
        [0, 1],
      ],
      2,
      'softmax',
      { split: { train: 1, stratify: true } },
      'invalid_split',
      '/split/stratify',
    ],
  ])('%s: refused', async (_, y, units, activation, request, code, pointer) => {
    await expect(learn(y, units, activation, request)).rejects.toEqual(refusal(code, pointer))
  })
})
