/** The CSV reader on good and bad files, among them cases C40, C42, C44, C45 and the upload half of C48. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { SLICE_BYTES } from '../../../src/data/readers/csv-records.ts'
import { readTable } from '../../../src/data/readers/read-table.ts'
import type { ReadOptions } from '../../../src/data/readers/reader.ts'
import { statistics } from '../../../src/data/statistics.ts'
import { cellValue, columnNamed, type Table } from '../../../src/data/table.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const read = (text: string, options: ReadOptions = {}) => readTable(bytesOf(text), { format: 'csv', ...options })
const cells = (table: Table, name: string) =>
  Array.from({ length: table.rowCount }, (_, row) => cellValue(columnNamed(table, name), row))
const fault = (text: string | Uint8Array, options: ReadOptions = {}) =>
  readTable(typeof text === 'string' ? bytesOf(text) : text, { format: 'csv', ...options }).then(
    () => expect.unreachable('the file was read'),
    (problem: unknown) => problem,
  )

describe('C40: byte order mark, CRLF, quotes and a newline in a cell', () => {
  const text = '\ufeff"id","text, note",y\r\n1,"line one\r\nline ""two""",0\r\n2,plain,1\r\n3,"",1'

  test('three columns and three rows, the first name without the mark', async () => {
    const { table } = await read(text)
    expect(table.rowCount).toBe(3)
    expect(table.columns.map(({ name }) => name)).toEqual(['id', 'text, note', 'y'])
    expect(cells(table, 'id')).toEqual([1, 2, 3])
    expect(cells(table, 'text, note')).toEqual(['line one\r\nline "two"', 'plain', null])
    expect(cells(table, 'y')).toEqual([0, 1, 1])
  })

  test.each([
    ['between CR and LF', 'one\r'],
    ['before a doubled quote', 'one\r\n'],
    ['inside a doubled quote', 'one\r\n"'],
  ])('a slice that ends %s does not split a row', async (_, before) => {
    const head = `a,b\r\n${'x,1\r\n'.repeat(3)}`
    const filler = 'x'.repeat(SLICE_BYTES - head.length - 2 - before.length)
    const { table } = await read(`${head}${filler},"one\r\n""two"""\r\nlast,3\r\n`, { delimiter: ',' })
    expect(cells(table, 'b')).toEqual(['1', '1', '1', 'one\r\n"two"', '3'])
  })
})

describe('C42: NA is a code', () => {
  const text = 'code,size,y\nNA,1.5,1\nNO,NA,0\n,2.5,1\n"NA",null,0\nSE,NaN,1\n'

  test('in a text column only the empty cell is missing', async () => {
    const { table, columns } = await read(text)
    expect(cells(table, 'code')).toEqual(['NA', 'NO', null, 'NA', 'SE'])
    expect(columns.map(({ missing_count }) => missing_count)).toEqual([1, 3, 0])
    expect(columns[0]?.categories).toEqual(['NA', 'NO', 'SE'])
    expect(statistics(table, 'size')[0]?.mean).toBe(2)
  })

  test('the missing tokens of a column can be said', async () => {
    const { table } = await read(text, { columns: { code: { missing: ['NA'] } } })
    expect(cells(table, 'code')).toEqual([null, 'NO', null, null, 'SE'])
  })

  test('a number can be declared a missing token', async () => {
    const { table } = await read('n,y\n-999,1\n2,0\n', { columns: { n: { missing: ['-999'] } } })
    expect(cells(table, 'n')).toEqual([null, 2])
  })
})

describe('C44: decimal comma', () => {
  const text = 'a;b;y\n1,5;2.000,25;ja\n-0,5;1.000,00;nein\n0,25;3.500,5;ja\n'

  test('delimiter and decimal sign are found and told back', async () => {
    const { table, dialect } = await read(text)
    expect(dialect).toEqual({ delimiter: ';', decimal: ',' })
    expect(cells(table, 'a')).toEqual([1.5, -0.5, 0.25])
    expect(cells(table, 'b')).toEqual([2000.25, 1000, 3500.5])
    expect(cells(table, 'y')).toEqual(['ja', 'nein', 'ja'])
    expect(statistics(table, 'a')[0]?.mean).toBeCloseTo(0.41666667, 8)
    expect(statistics(table, 'a')[0]?.std).toBeCloseTo(0.82495791, 8)
    expect(statistics(table, 'b')[0]?.mean).toBeCloseTo(2166.9167, 4)
  })

  test('1.000 alone is 1, with a warning', async () => {
    const { table, warnings } = await read('a;y\n1.000;x\n2.000;z\n')
    expect(cells(table, 'a')).toEqual([1, 2])
    expect(warnings).toMatchObject([{ code: 'ambiguous_number', pointer: '/columns/a' }])
  })

  test('a quoted 1,000 alone among commas is a thousand, with a warning', async () => {
    const { table, warnings } = await read('a,y\n"1,000",x\n"2,000",z\n')
    expect(cells(table, 'a')).toEqual([1000, 2000])
    expect(warnings).toMatchObject([{ code: 'ambiguous_number', pointer: '/columns/a' }])
  })

  test('a column with the other sign is text as written, and told where most of it are numbers', async () => {
    const { table, dialect, warnings } = await read('a;b;y\n1.5;1,5;1\n2.25;7;2\n0.5;8;3\n')
    expect(dialect?.decimal).toBe('.')
    expect(cells(table, 'b')).toEqual(['1,5', '7', '8'])
    expect(warnings).toMatchObject([{ code: 'mixed_column', pointer: '/columns/b' }])
  })

  test.each([
    ['a point with thousands', 'a\ty\n"1,234.5"\tx\n12\tz\n', [1234.5, 12], '.'],
    ['a quoted decimal comma among commas', 'a,y\n"1,5",x\n"0,25",z\n', [1.5, 0.25], ','],
    ['exponents', 'a,y\n1e3,x\n-2.5E-1,z\n', [1000, -0.25], '.'],
    ['thousands in two groups', 'a;y\n1.000.000;x\n7;z\n', [1000000, 7], ','],
    ['one column', 'a\n1,5\n-2,25\n', [1.5, -2.25], ','],
  ])('%s', async (_, file, values, decimal) => {
    const { table, dialect } = await read(file)
    expect(cells(table, 'a')).toEqual(values)
    expect(dialect?.decimal).toBe(decimal)
  })

  test.each([
    ['tab', 'a\tb\n1\t\n2\t3\n', '\t'],
    ['bar', 'a|b\n1|2\n', '|'],
    ['comma in the header only', '"x, y";b\n1;2\n', ';'],
  ])('the delimiter %s', async (_, file, delimiter) => {
    expect((await read(file)).dialect?.delimiter).toBe(delimiter)
  })
})

describe('C45: duplicate and empty headers', () => {
  test('five distinct names told back, the real x_1 untouched', async () => {
    const { table, warnings } = await read('x,x,,x_1,y\n1,2,3,4,0\n5,6,7,8,1\n')
    expect(table.columns.map(({ name }) => name)).toEqual(['x', 'x_2', 'column_3', 'x_1', 'y'])
    expect(table.columns.map(({ name }) => cells(table, name)[0])).toEqual([1, 2, 3, 4, 0])
    expect(warnings.map(({ code, pointer }) => [code, pointer])).toEqual([
      ['renamed_column', '/columns/x_2'],
      ['renamed_column', '/columns/column_3'],
    ])
  })

  test('a new name never takes one that the header holds', async () => {
    const { table } = await read('x,x,x_2,,column_4\n1,2,3,4,5\n')
    expect(table.columns.map(({ name }) => name)).toEqual(['x', 'x_3', 'x_2', 'column_2', 'column_4'])
  })
})

describe('C48: a text among numbers', () => {
  test('makes the column text, and a warning names the cell and its line', async () => {
    const { columns, warnings } = await read('n,y\n1,0\n2,1\n12kg,0\n')
    expect(columns[0]?.type).toBe('category')
    expect(warnings).toMatchObject([{ code: 'mixed_column', pointer: '/columns/n' }])
    expect(warnings[0]?.detail).toContain('line 4 holds "12kg"')
  })

  test('is a mistake in a column declared number', async () => {
    const problem = await fault('n,y\n1,0\n2,1\n12kg,0\n13kg,0\n', { columns: { n: { type: 'number' } } })
    expect(problem).toMatchObject({ code: 'invalid_column', errors: [{ in: 'body', pointer: '/columns/n' }] })
    expect(problem).toHaveProperty(
      'detail',
      expect.stringContaining('line 4, column "n": expected a number, received "12kg" and 1 more'),
    )
  })

  test('far below the rows that types are found from turns the column into text with every cell as written', async () => {
    const rows = Array.from({ length: 6000 }, (_, i) => `${i}.50,1`)
    const { table, warnings } = await read(`n,y\n${rows.join('\n')}\n12kg,1\n`)
    expect(cells(table, 'n').slice(0, 2)).toEqual(['0.50', '1.50'])
    expect(cells(table, 'n').at(-1)).toBe('12kg')
    expect(warnings[0]?.detail).toContain('line 6002')
  })
})

describe('types', () => {
  test('numbers, texts and the words true and false are told apart', async () => {
    const { columns } = await read('n,t,b,z\n1,a,true,01\n2.5,2b,FALSE,x\n')
    expect(columns.map(({ type }) => type)).toEqual(['number', 'category', 'boolean', 'category'])
  })

  test('a column declared text keeps its cells as written', async () => {
    const { table } = await read('zip,y\n01067,1\n10115,0\n', { columns: { zip: { type: 'text', role: 'ignore' } } })
    expect(cells(table, 'zip')).toEqual(['01067', '10115'])
  })

  test('0 and 1 are booleans where that is declared', async () => {
    const { table } = await read('b,y\n0,1\n1,0\n,1\n', { columns: { b: { type: 'boolean' } } })
    expect(cells(table, 'b')).toEqual([false, true, null])
  })

  test.each(['0x10', 'Infinity', '1e999', '1_000', '5 %'])('%s is text', async (cell) => {
    expect((await read(`n,y\n${cell},1\n`)).columns[0]?.type).toBe('category')
  })

  test('a column without any value is told', async () => {
    const { warnings } = await read('n,y\nNA,1\n,0\n')
    expect(warnings).toMatchObject([{ code: 'empty_column', pointer: '/columns/n' }])
  })

  test('a role is told back', async () => {
    expect((await read('n,y\n1,1\n', { columns: { y: { role: 'target' } } })).columns[1]).toMatchObject({
      name: 'y',
      role: 'target',
    })
  })

  test('spaces around unquoted cells and names do not count', async () => {
    const { table } = await read('a, b\n 1, x \n2," y"\n')
    expect(cells(table, 'b')).toEqual(['x', ' y'])
  })
})

describe('files that cannot be read', () => {
  test.each([
    ['an empty file', '', 'The file is empty'],
    ['blank lines only', '\n\n', 'The file is empty'],
    ['a header without rows', 'a,b\n', 'no rows'],
    ['a row with too many cells', 'a,b\n1,2\n3,4,5\n', 'Line 3 has 3 cells, the header has 2'],
    [
      'a row with too few cells after a quoted newline',
      'a,b\r\n"x\r\ny",2\r\n3\r\n4,5\r\n6,7\r\n',
      'Line 4 has 1 cells',
    ],
    ['a quote that is never closed', 'a,b\n1,"2\n3,4\n', 'is not closed'],
    ['text after a closing quote', 'a,b\n1,"x"y\n', 'Line 2: a quoted cell is followed by more text'],
    ['zero bytes', 'a,b\n1,\0\n', 'zero bytes'],
  ])('%s', async (_, file, words) => {
    const problem = await fault(file)
    expect(problem).toMatchObject({ code: 'invalid_dataset', errors: [{ in: 'body', pointer: '/file' }] })
    expect(problem).toHaveProperty('detail', expect.stringContaining(words))
  })

  test('every ragged row is named, up to ten', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => (i % 2 === 0 ? '1,2' : '1'))
    const problem = await fault(`a,b\n${rows.join('\n')}\n`)
    expect(problem).toHaveProperty('errors.length', 10)
    expect(problem).toHaveProperty('detail', expect.stringContaining('And 5 more rows'))
  })

  test('a file in another encoding, with the line', async () => {
    const problem = await fault(Uint8Array.from([...bytesOf('name,y\nx,1\nM'), 0xfc, ...bytesOf('ller,0\n')]))
    expect(problem).toMatchObject({ code: 'invalid_dataset', errors: [{ pointer: '/file' }] })
    expect(problem).toHaveProperty('detail', expect.stringContaining('line 3'))
  })

  test('UTF-16', async () => {
    expect(await fault(Uint8Array.from([0xff, 0xfe, 0x61, 0]))).toHaveProperty(
      'detail',
      expect.stringContaining('UTF-16'),
    )
  })

  test('an override of a column that is not there', async () => {
    const problem = await fault('a,b\n1,2\n', { columns: { c: { type: 'number' } } })
    expect(problem).toMatchObject({ code: 'unknown_column', errors: [{ pointer: '/columns/c' }] })
  })

  test('a format that nobody knows', async () => {
    expect(await fault('a\n1\n', { format: 'xlsx' })).toMatchObject({
      code: 'invalid_request',
      errors: [{ pointer: '/format' }],
    })
  })
})

test('the iris measurements: 150 rows, four numbers, three species of fifty', async () => {
  const { table, columns, warnings } = await readTable(await readFile('examples/iris.csv'))
  expect(table.rowCount).toBe(150)
  expect(columns.map(({ type }) => type)).toEqual(['number', 'number', 'number', 'number', 'category'])
  expect(statistics(table, 'species')[0]?.categories?.map(({ count }) => count)).toEqual([50, 50, 50])
  expect(warnings).toEqual([])
})
