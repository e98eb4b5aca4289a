/** Tables as bytes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tableFromBytes, tableToBytes } from '../../src/data/codec.ts'
import type { Column, Table } from '../../src/data/table.ts'

const tables = fc.integer({ min: 0, max: 9 }).chain((rowCount): fc.Arbitrary<Table> => {
  const many = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: rowCount, maxLength: rowCount })
  const column: fc.Arbitrary<Column> = fc.oneof(
    fc.record({
      name: fc.string(),
      type: fc.constant('number' as const),
      values: many(fc.double()).map((n) => Float64Array.from(n)),
    }),
    fc.record({
      name: fc.string(),
      type: fc.constant('boolean' as const),
      values: many(fc.integer({ min: -1, max: 1 })).map((n) => Int8Array.from(n)),
    }),
    fc.record({
      name: fc.string(),
      type: fc.constant('category' as const),
      codes: many(fc.integer({ min: -1, max: 2 })).map((n) => Int32Array.from(n)),
      categories: fc.tuple(fc.string({ unit: 'binary' }), fc.string(), fc.string()),
    }),
    fc.record({
      name: fc.string(),
      type: fc.constant('tensor' as const),
      shape: fc.constant([2, 3]),
      values: fc.oneof(
        fc.uint8Array({ minLength: rowCount * 6, maxLength: rowCount * 6 }),
        fc.float32Array({ minLength: rowCount * 6, maxLength: rowCount * 6 }),
      ),
      lengths: fc.constant(null),
    }),
    fc.record({
      name: fc.string(),
      type: fc.constant('tensor' as const),
      shape: fc.constant([5]),
      values: fc.uint8Array({ minLength: rowCount * 5, maxLength: rowCount * 5 }),
      lengths: many(fc.integer({ min: 0, max: 5 })).map((n) => Int32Array.from(n)),
    }),
  )
  return fc.record({ rowCount: fc.constant(rowCount), columns: fc.array(column, { maxLength: 4 }) })
})

test('what is written is read, every bit of it', () => {
  fc.assert(
    fc.property(tables, (table) => {
      expect(tableFromBytes(tableToBytes(table))).toEqual(table)
    }),
  )
})

test('bytes that do not begin at a multiple of eight are read as well', () => {
  const table: Table = {
    rowCount: 2,
    columns: [{ name: 'a', type: 'number', values: Float64Array.of(0.1, Number.NaN) }],
  }
  const bytes = tableToBytes(table)
  const shifted = new Uint8Array(bytes.length + 3)
  shifted.set(bytes, 3)
  expect(tableFromBytes(shifted.subarray(3))).toEqual(table)
})

test('other bytes are refused', () => {
  expect(() => tableFromBytes(new TextEncoder().encode('a,b\n1,2\n'))).toThrow('not a fitserve table')
})
