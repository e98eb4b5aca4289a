/** The benchmark's summary of its rounds. */
import { expect, test } from 'vitest'
import { digits, formatTable, median, quantile, spreadOf } from '../../bench/statistics.ts'

test('the spread of the rounds is their median, least and greatest', () => {
  expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 })
})

test.each([
  [[3], 3],
  [[4, 1], 2.5],
  [[1, 8, 2, 4], 3],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

test('a quantile is one of the values', () => {
  const values = Array.from({ length: 100 }, (_, i) => i)
  expect(quantile(values, 0.95)).toBe(95)
})

test.each([
  [1234.5, '1,235'],
  [12.345, '12.3'],
  [0.5, '0.500'],
  [Number.NaN, '-'],
])('%s is written %s', (value, text) => expect(digits(value)).toBe(text))

test('a table has its first column to the left and the others to the right', () => {
  expect(
    formatTable(
      ['peer', 'µs'],
      [
        ['a', '10'],
        ['long name', '5'],
      ],
    ),
  ).toBe(['| peer      |  µs |', '| --------- | --: |', '| a         |  10 |', '| long name |   5 |'].join('\n'))
})
