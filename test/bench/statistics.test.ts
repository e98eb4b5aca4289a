import { expect, test } from 'vitest'
import { median, spreadOf } from '../../bench/statistics.ts'

test.each([
  [[3], 3],
  [[4, 1], 2.5],
  [[9, 1, 2], 2],
  [[1, 8, 2, 4], 3],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

test('a spread has the least and the greatest', () => {
  expect(spreadOf([2, 7, 3])).toEqual({ median: 3, min: 2, max: 7 })
})
