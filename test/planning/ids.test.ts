/** Case C73, training half: ids that the model looks up. */
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

describe('C73: ids that the model looks up', () => {
  const definition = chain({ type: 'Embedding', input_dim: 3, output_dim: 2 }, { type: 'Flatten' }, dense(1))
  const ids = (values: unknown[], request: object = {}) => planOf({ ids: values, y: [1, 2, 3] }, request, definition)

  test('in the range they are left as they are, and the range goes with the version', async () => {
    const { plan, part } = await ids([
      [0, 2],
      [1, 1],
      [2, 0],
    ])
    expect(plan.encoders).toMatchObject([{ preprocessing: 'none', range: { min: 0, max: 2 } }])
    expect([...part.x.data]).toEqual([0, 2, 1, 1, 2, 0])
  })

  test('numbers in columns are ids, too, and not standardized', async () => {
    const { plan } = await ids([0, 2, 1], { preprocessing: 'standardize' })
    expect(plan.request.preprocessing).toEqual({ ids: 'none' })
    await expect(ids([0, 2, 1], { preprocessing: { ids: 'standardize' } })).rejects.toEqual(
      refusal('invalid_training', '/preprocessing/ids'),
    )
  })

  test.each([
    [
      'one past the range',
      [
        [0, 1],
        [2, 3],
        [0, 0],
      ],
      'holds 3 in row 2',
    ],
    [
      'a negative one',
      [
        [0, 1],
        [2, 1],
        [0, -1],
      ],
      'holds -1 in row 3',
    ],
    ['a fraction', [0, 1.5, 2], 'holds 1.5 in row 2'],
  ])('%s is refused with value, row and range', async (_, values, words) => {
    await expect(ids(values)).rejects.toEqual(refusal('invalid_training', '/features'))
    await expect(ids(values)).rejects.toThrow(words)
    await expect(ids(values)).rejects.toThrow('whole numbers from 0 to 2')
  })

  test('texts are no ids', async () => {
    await expect(ids(['a', 'b', 'a'])).rejects.toEqual(refusal('invalid_training', '/features'))
  })
})
