/** Records of CSV files: the quick way for files without quotes agrees with csv-parse. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eachQuotedRecord, eachRecord } from '../../../src/data/readers/csv-records.ts'
import { eachPlainRecord, type OnRecord } from '../../../src/data/readers/plain-records.ts'

type Reader = (bytes: Uint8Array, delimiter: string, onRecord: OnRecord) => Promise<void>
const recordsOf = async (reader: Reader, bytes: Uint8Array, delimiter: string) => {
  const records: [number, ...string[]][] = []
  await reader(bytes, delimiter, (cells, line) => records.push([line, ...cells]))
  return records
}
const bytesOf = (text: string) => new TextEncoder().encode(text)

const pieces = fc.constantFrom('a', '1.5', 'ü', '日', ' ', '\t', '\f', '\u00a0', ',', ';', '\n', '\r\n', '\r', '  x y ')
const text = fc
  .tuple(fc.constantFrom('', '\ufeff'), fc.array(pieces, { maxLength: 30 }))
  .map(([mark, parts]) => mark + parts.join(''))

test('the same records on the same lines as csv-parse', async () => {
  const property = fc.asyncProperty(text, fc.constantFrom(',', ';', '\t'), async (file, delimiter) => {
    const bytes = bytesOf(file)
    expect(await recordsOf(eachPlainRecord, bytes, delimiter)).toEqual(
      await recordsOf(eachQuotedRecord, bytes, delimiter),
    )
  })
  await fc.assert(property, { numRuns: 500 })
})

test('a file of several slices is read whole, whatever the length of its lines', async () => {
  const lines = Array.from({ length: 40 }, (_, i) => `${i},${'ä'.repeat(i % 10 === 3 ? 300_000 : 20_000)}`)
  const records = await recordsOf(eachRecord, bytesOf(lines.join('\n')), ',')
  expect(records.map(([line, first, second]) => [line, first, second?.length])).toEqual(
    lines.map((line, i) => [i + 1, String(i), line.length - String(i).length - 1]),
  )
})

test('other work runs between the slices', async () => {
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  await recordsOf(eachRecord, bytesOf('1.5,a\n'.repeat(400_000)), ',')
  clearInterval(timer)
  expect(turns).toBeGreaterThan(2)
})
