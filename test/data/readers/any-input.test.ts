/** Whatever is sent: a table or a problem, never an error of ours. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tableFromBytes, tableToBytes } from '../../../src/data/codec.ts'
import { readTable, tableFromJson } from '../../../src/data/readers/read-table.ts'
import { statistics } from '../../../src/data/statistics.ts'
import { Problem } from '../../../src/errors.ts'

async function isTableOrProblem(reading: Promise<Awaited<ReturnType<typeof readTable>>>): Promise<void> {
  const read = await reading.catch((error: unknown) => error)
  if (read instanceof Problem) {
    expect(read.detail).not.toBe('')
    return
  }
  if (read instanceof Error) throw read
  const { table, columns } = read as Awaited<ReturnType<typeof readTable>>
  expect(new Set(columns.map(({ name }) => name)).size).toBe(columns.length)
  expect(columns.every(({ name }) => name !== '')).toBe(true)
  expect(tableFromBytes(tableToBytes(table))).toEqual(table)
  JSON.stringify(statistics(table))
}

const csvText = fc
  .array(
    fc.constantFrom(
      'a',
      '"',
      '""',
      ',',
      ';',
      '\t',
      '|',
      '\n',
      '\r\n',
      '\r',
      '1.5',
      '1,5',
      '1.000',
      'NA',
      'true',
      ' ',
      '-',
      'é',
      '\0',
      '1e999',
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join(''))

test('text made of what CSV is made of', async () => {
  await fc.assert(
    fc.asyncProperty(csvText, (text) => isTableOrProblem(readTable(new TextEncoder().encode(text), { format: 'csv' }))),
    { numRuns: 400 },
  )
})

test('any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), (bytes) => isTableOrProblem(readTable(bytes))),
    { numRuns: 200 },
  )
})

test('any JSON as rows and as columns', async () => {
  const list = fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 5 })
  const body = fc.oneof(
    fc.record({ rows: list }),
    fc.record({
      rows: fc.array(fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 0 })), { maxLength: 5 }),
    }),
    fc.record({ columns: fc.dictionary(fc.string({ maxLength: 3 }), list) }),
    fc.jsonValue(),
  )
  await fc.assert(
    fc.asyncProperty(body, (value) => isTableOrProblem(tableFromJson(value))),
    { numRuns: 300 },
  )
})
