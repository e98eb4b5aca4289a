import { expect, test } from 'vitest'
import { newId } from '../../src/store/ids.ts'

test('an id is its prefix and 26 letters and digits', () => {
  expect(newId('ds')).toMatch(/^ds_[0-9A-HJKMNP-TV-Z]{26}$/)
})

test('ids sort in the order of their making, also within one millisecond', () => {
  const ids = Array.from({ length: 5000 }, () => newId('tr'))
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})

test('the first ten letters are the time in milliseconds', () => {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const before = Date.now()
  const time = [...newId('ds').slice(3, 13)].reduce((value, digit) => value * 32 + alphabet.indexOf(digit), 0)
  expect(time).toBeGreaterThanOrEqual(before)
  expect(time).toBeLessThan(before + 1000)
})
