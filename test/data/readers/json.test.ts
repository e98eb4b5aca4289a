/** The JSON reader: rows and columns. */
import { expect, test } from 'vitest'
import { readTable, tableFromJson } from '../../../src/data/readers/read-table.ts'
import { cellValue, columnNamed, type Table } from '../../../src/data/table.ts'

const cells = (table: Table, name: string) =>
  Array.from({ length: table.rowCount }, (_, row) => cellValue(columnNamed(table, name), row))
const bytesOf = (text: string) => new TextEncoder().encode(text)

test('rows and columns make the same table', async () => {
  const rows = await tableFromJson({
    rows: [
      { a: 1, b: 'x', c: true },
      { a: 2.5, b: 'y', c: false },
    ],
  })
  const columns = await tableFromJson({ columns: { a: [1, 2.5], b: ['x', 'y'], c: [true, false] } })
  expect(rows.table).toEqual(columns.table)
  expect(rows.columns.map(({ type }) => type)).toEqual(['number', 'category', 'boolean'])
})

test('a key that a row lacks, null and the empty text are missing', async () => {
  const { table } = await tableFromJson({ rows: [{ a: 1, b: 'x' }, { b: '' }, { a: null, b: 'z' }] })
  expect(cells(table, 'a')).toEqual([1, null, null])
  expect(cells(table, 'b')).toEqual(['x', null, 'z'])
})

test('the text NA stays a text', async () => {
  const { table } = await tableFromJson({ columns: { code: ['NA', 'NO'] } })
  expect(cells(table, 'code')).toEqual(['NA', 'NO'])
})

test('numbers and texts in one column are text, with a warning', async () => {
  const { columns, warnings } = await tableFromJson({ columns: { n: [1, 2, '12kg'] } })
  expect(columns[0]?.type).toBe('category')
  expect(warnings).toMatchObject([{ code: 'mixed_column', pointer: '/columns/n' }])
})

test('a text cell in a column declared number is named by its pointer', async () => {
  const body = { rows: [{ n: 1 }, { n: '2' }, { n: 'many' }] }
  await expect(tableFromJson(body, { columns: { n: { type: 'number' } } })).rejects.toMatchObject({
    code: 'invalid_column',
    errors: [{ in: 'body', pointer: '/rows/2/n' }],
  })
})

test('a file of JSON is known by its first sign', async () => {
  const { format, table } = await readTable(bytesOf('\ufeff [ {"a": 1}, {"a": 2} ]'))
  expect(format).toBe('json')
  expect(cells(table, 'a')).toEqual([1, 2])
})

test.each([
  ['no rows', { rows: [] }, ''],
  ['no known key', { data: [] }, ''],
  ['a row that is no object', { rows: [{ a: 1 }, 2] }, '/rows/1'],
  ['a column that is no list', { columns: { a: 1 } }, '/columns/a'],
  ['columns of unequal length', { columns: { a: [1, 2], b: [1] } }, '/columns/b'],
  ['a cell that is an object', { rows: [{ a: 1 }, { a: { b: 1 } }] }, '/rows/1/a'],
  ['a text with a zero character', { rows: [{ a: 'x' }, { a: 'x\u0000' }] }, '/rows/1/a'],
  ['half of a surrogate pair', { columns: { a: ['x', '\ud800'] } }, '/columns/a/1'],
  ['a broken name', { columns: { 'a\u0000': [1] } }, '/columns/a\u0000/0'],
  ['a number beyond float64', JSON.parse('{"columns":{"a/b":[1,1e999]}}'), '/columns/a~1b/1'],
])('%s is refused', async (_, body, pointer) => {
  await expect(tableFromJson(body)).rejects.toMatchObject({
    code: 'invalid_dataset',
    errors: [{ in: 'body', pointer }],
  })
})

test('text that is no JSON is malformed', async () => {
  await expect(readTable(bytesOf('{"rows": [NaN]}'))).rejects.toMatchObject({ code: 'malformed_json' })
})

test('a column named like a member of Object is only a column', async () => {
  const { table } = await tableFromJson(JSON.parse('{"rows":[{"constructor":1,"__proto__":2},{"toString":3}]}'))
  expect(table.columns.map(({ name }) => name)).toEqual(['constructor', '__proto__', 'toString'])
  expect(cells(table, 'toString')).toEqual([null, 3])
})
