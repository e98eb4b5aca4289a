/** Rows with missing cells: refused by name, or left out. */
import { expect, test } from 'vitest'
import { usableRows } from '../../src/data/missing-values.ts'
import type { Table } from '../../src/data/table.ts'

const table: Table = {
  rowCount: 8,
  columns: [
    {
      name: 'n',
      type: 'number',
      values: Float64Array.of(1, Number.NaN, 3, Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN),
    },
    { name: 'a/b', type: 'category', codes: Int32Array.of(0, 0, -1, 0, 0, 0, 0, 0), categories: ['x'] },
  ],
}

test('columns, counts and rows are named, all columns at once', () => {
  const refused = () => usableRows(table, { n: { policy: 'error' }, 'a/b': { policy: 'error' } })
  expect(refused).toThrow(
    expect.objectContaining({
      code: 'missing_values',
      errors: [
        expect.objectContaining({ pointer: '/missing_values/n' }),
        expect.objectContaining({ pointer: '/missing_values/a~1b' }),
      ],
    }),
  )
  expect(refused).toThrow('Column "n" has 6 missing values: rows 2, 4, 5, 6, 7 and 1 more (counted from 1')
  expect(refused).toThrow('one of drop, mean, median, most_frequent, constant')
  expect(refused).toThrow(
    'Column "a/b" has 1 missing value: row 3 (counted from 1, without a header). Mend the data, leave the column out, or set missing_values (for all or for this column) to one of drop, most_frequent, constant',
  )
})

test('rows are dropped for the columns that say so only', () => {
  expect([...usableRows(table, { n: { policy: 'drop' }, 'a/b': { policy: 'constant' } })]).toEqual([0, 2])
  expect([...usableRows(table, { n: { policy: 'drop' }, 'a/b': { policy: 'drop' } })]).toEqual([0])
})
