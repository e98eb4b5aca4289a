/** Cells that are nested lists of numbers. */
import { expect, test } from 'vitest'
import { tableFromBytes, tableToBytes } from '../../../src/data/codec.ts'
import { tableFromJson } from '../../../src/data/readers/read-table.ts'
import { statistics } from '../../../src/data/statistics.ts'
import { cellValue, columnNamed, type TensorColumn } from '../../../src/data/table.ts'

const images = [
  [
    [[0], [255]],
    [[1], [2]],
  ],
  [
    [[9], [8]],
    [[7], [6]],
  ],
]

test('images are bytes of one shape, told with the column and given back as they came', async () => {
  const { table, columns, warnings } = await tableFromJson({
    rows: images.map((image, i) => ({ image, label: `l${i}` })),
  })
  expect(columns).toEqual([
    { name: 'image', type: 'tensor', missing_count: 0, shape: [2, 2, 1], min: 0, max: 255 },
    { name: 'label', type: 'category', missing_count: 0, category_count: 2, categories: ['l0', 'l1'] },
  ])
  expect(warnings).toEqual([])
  const image = columnNamed(tableFromBytes(tableToBytes(table)), 'image') as TensorColumn
  expect(image.values).toEqual(Uint8Array.of(0, 255, 1, 2, 9, 8, 7, 6))
  expect([0, 1].map((row) => cellValue(image, row))).toEqual(images)
})

test('rows and columns make the same table', async () => {
  const rows = await tableFromJson({ rows: images.map((image) => ({ a: 1, image, b: 'x' })) })
  const columns = await tableFromJson({ columns: { a: [1, 1], image: images, b: ['x', 'x'] } })
  expect(rows.table).toEqual(columns.table)
  expect(rows.columns.map(({ name }) => name)).toEqual(['a', 'image', 'b'])
})

test('numbers that are no bytes are float32', async () => {
  const { table } = await tableFromJson({
    columns: {
      v: [
        [0.5, 256],
        [1, -1],
      ],
    },
  })
  expect(columnNamed(table, 'v')).toEqual({
    name: 'v',
    type: 'tensor',
    shape: [2],
    values: Float32Array.of(0.5, 256, 1, -1),
    lengths: null,
  })
})

test('sequences of several lengths are filled up with zeros at their end, with a warning, and given back without', async () => {
  const { table, columns, warnings } = await tableFromJson({ columns: { ids: [[4, 5], [7], [], [1, 2, 3]] } })
  expect(columns[0]).toMatchObject({ shape: [3], lengths: { min: 0, max: 3 } })
  expect(warnings).toMatchObject([{ code: 'padded_sequences', pointer: '/columns/ids' }])
  const ids = columnNamed(table, 'ids') as TensorColumn
  expect([...ids.values]).toEqual([4, 5, 0, 7, 0, 0, 0, 0, 0, 1, 2, 3])
  expect([0, 1, 2, 3].map((row) => cellValue(ids, row))).toEqual([[4, 5], [7], [], [1, 2, 3]])
})

test('statistics are those of all numbers together', async () => {
  const { table } = await tableFromJson({
    columns: {
      v: [
        [1, 3],
        [5, 7],
      ],
    },
  })
  expect(statistics(table)).toMatchObject([
    { type: 'tensor', shape: [2], count: 2, missing: 0, mean: 4, std: Math.sqrt(5), min: 1, max: 7, quartiles: null },
  ])
})

test.each([
  [
    'a ragged image',
    [[[1, 2]], [[1, 2]], [[1, 2]], [[1]]],
    'shape [1, 2], as in row 1, received a list of 1 inside at [0]',
  ],
  ['a deeper cell', [[[1, 2]], [[1, [2]]]], 'received a list of 1 at [0]'],
  ['a flat cell among images', [[[1, 2]], [1, 2]], 'received a list of 2'],
  [
    'a text among numbers',
    [
      [1, 2],
      [1, 'a'],
    ],
    'received "a" at [1]',
  ],
  [
    'a null among numbers',
    [
      [1, 2],
      [1, null],
    ],
    'received null at [1]',
  ],
  ['a number among lists', [[1, 2], 3], 'received 3'],
  ['a missing cell', [[1, 2], null], 'received nothing'],
  ['a missing first cell', [null, [1, 2]], 'received nothing'],
  [
    'what float32 cannot hold',
    [
      [1, 2],
      [1, 1e39],
    ],
    '1e+39, which float32 cannot hold at [1]',
  ],
  ['lists without a number', [[], []], 'at least one number'],
  ['lists too deep', [[[[[[[[[[1]]]]]]]]]], 'lists more than 8 deep'],
])('%s is refused with its place', async (_, cells, words) => {
  const row = Math.max(cells.length - 1, 0) * Number(!words.includes('at least') && cells[0] !== null)
  const refusal = (pointer: string) =>
    expect.objectContaining({ code: 'invalid_dataset', errors: [expect.objectContaining({ pointer })] })
  const rows = { rows: cells.map((image) => ({ image })) }
  await expect(tableFromJson(rows)).rejects.toEqual(refusal(`/rows/${row}/image`))
  await expect(tableFromJson(rows)).rejects.toThrow(words)
  await expect(tableFromJson({ columns: { image: cells } })).rejects.toEqual(refusal(`/columns/image/${row}`))
})

test('a declared type is refused where the cells are lists', async () => {
  const body = { rows: [{ v: [1, 2] }] }
  await expect(tableFromJson(body, { columns: { v: { type: 'number' } } })).rejects.toMatchObject({
    code: 'invalid_column',
    errors: [{ pointer: '/columns/v/type' }],
  })
})

test('a column whose longest list would make it larger than memory is refused', async () => {
  const ids = [new Array(2 ** 20).fill(1), ...Array.from({ length: 600 }, () => [1])]
  await expect(tableFromJson({ columns: { ids } })).rejects.toMatchObject({
    code: 'invalid_dataset',
    errors: [{ pointer: '/columns/ids' }],
  })
})
