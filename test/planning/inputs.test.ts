/** Models with several inputs: the columns of each by its name. */
import { expect, test } from 'vitest'
import { describeColumns } from '../../src/data/columns.ts'
import { tableFromJson } from '../../src/data/readers/read-table.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'

const layers = [
  { type: 'Input', shape: [2, 2], name: 'image' },
  { type: 'Input', shape: [3], name: 'table' },
  { type: 'Input', shape: [1], name: 'word' },
  { type: 'Flatten', name: 'pixels', inputs: ['image'] },
  { type: 'Embedding', input_dim: 3, output_dim: 2, name: 'vectors', inputs: ['word'] },
  { type: 'Flatten', name: 'vector', inputs: ['vectors'] },
  { type: 'Concatenate', name: 'all', inputs: ['pixels', 'table', 'vector'] },
  { type: 'Dense', units: 1, name: 'out', inputs: ['all'] },
]
const columns = {
  picture: [1, 2, 3].map((n) => [
    [n, n],
    [n, n],
  ]),
  color: ['red', 'blue', 'red'],
  size: [1, 3, 5],
  word: [0, 2, 1],
  y: [1, 2, 3],
}
const features = { word: ['word'], image: ['picture'], table: ['size', 'color'] }

async function planOf(request: object, definition = parseDefinition({ layers })) {
  const { table } = await tableFromJson({ columns })
  const plan = planTraining({
    definition,
    table,
    columns: describeColumns(table),
    request: { dataset: 'ds_1', target: 'y', split: { train: 1, shuffle: false }, ...request },
    seed: 1,
  })
  return { plan, part: encodePart(plan, table, 'train') }
}

test('each input gets its columns, in the order of the model', async () => {
  const { plan, part } = await planOf({ features })
  expect(plan.request.features).toEqual({ image: ['picture'], table: ['size', 'color'], word: ['word'] })
  expect(plan.request.preprocessing).toEqual({ picture: 'none', size: 'standardize', color: 'one_hot', word: 'none' })
  expect(plan.encoders.map((encoder) => 'range' in encoder)).toEqual([false, false, false, true])
  expect(part.x.dims).toEqual([3, 2, 2])
  expect(part.otherInputs?.map(({ dims }) => dims)).toEqual([
    [3, 3],
    [3, 1],
  ])
  expect(part.otherInputs?.[1]?.data).toEqual(Float32Array.of(0, 2, 1))
})

test('the request told back gives the same plan', async () => {
  const { plan } = await planOf({ features })
  expect((await planOf(plan.request)).plan).toEqual(plan)
})

test.each([
  ['a list', ['size'], 'invalid_training', '/features'],
  ['nothing', undefined, 'invalid_training', '/features'],
  ['an input left out', { image: ['picture'], table: ['size', 'color'] }, 'invalid_training', '/features'],
  ['an input that is not there', { ...features, sound: ['size'] }, 'invalid_training', '/features/sound'],
  ['a column that is not there', { ...features, table: ['size', 'colour'] }, 'unknown_column', '/features/table/1'],
  ['a column in two places', { ...features, word: ['size'] }, 'invalid_training', '/features/word/0'],
  ['a width that does not fit', { ...features, table: ['size'] }, 'shape_mismatch', '/features/table'],
  ['an image beside numbers', { ...features, image: ['picture', 'y'] }, 'invalid_training', '/features/image/1'],
  [
    'an id out of range',
    { ...features, table: ['word', 'color'], word: ['size'] },
    'invalid_training',
    '/features/word',
  ],
])('%s is refused with its place', async (_, given, code, pointer) => {
  const part = expect.objectContaining({ in: 'body', pointer })
  await expect(planOf(given ? { features: given } : {})).rejects.toEqual(
    expect.objectContaining({ code, errors: expect.arrayContaining([part]) }),
  )
})

test('a model with several outputs wants a target for each, so that none is left untrained', async () => {
  const two = [...layers, { type: 'Dense', units: 1, name: 'other', inputs: ['all'] }]
  await expect(planOf({ features }, parseDefinition({ layers: two, outputs: ['out', 'other'] }))).rejects.toThrow(
    expect.objectContaining({ code: 'invalid_training', errors: [expect.objectContaining({ pointer: '/target' })] }),
  )
})
