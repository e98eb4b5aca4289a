import { describe, expect, test } from 'vitest'
import { addDims, broadcastShapes, divideDims, multiplyDims, normalizeAxis } from '../../src/onnx/dims.ts'

describe('products', () => {
  test.each<[(string | number)[], string | number]>([
    [[2, 3], 6],
    [[], 1],
    [['batch', 4], '4*batch'],
    [['4*batch', 3, 'time'], '12*batch*time'],
    [['time', 'batch'], 'batch*time'],
    [['batch', 0], 0],
  ])('of %j: %s', (dims, product) => {
    expect(multiplyDims(dims)).toBe(product)
  })

  test.each<[string | number, string | number, string | number | null]>([
    [12, 4, 3],
    [12, 5, null],
    ['12*batch', 4, '3*batch'],
    ['12*batch', 'batch', 12],
    ['12*batch', 'time', null],
    [7, 0, null],
  ])('%s over %s: %s', (total, divisor, quotient) => {
    expect(divideDims(total, divisor)).toBe(quotient)
  })
})

describe('sums', () => {
  test.each<[(string | number)[], string | number]>([
    [[2, 3], 5],
    [[], 0],
    [['batch', 0], 'batch'],
    [['batch', 3], '(batch+3)'],
    [['(batch+3)', -3], 'batch'],
    [['(batch+3)', 'batch'], '(2*batch+3)'],
    [['batch', 'batch'], '2*batch'],
    [['time', 'batch'], '(batch+time)'],
  ])('of %j: %s', (dims, sum) => {
    expect(addDims(dims)).toBe(sum)
  })
})

test('shapes broadcast axis by axis from the last', () => {
  expect(broadcastShapes(['batch', 1, 3], [4, 1])).toEqual(['batch', 4, 3])
})

test('a symbol broadcasts with 1 and with itself only', () => {
  expect(broadcastShapes(['batch'], [1])).toEqual(['batch'])
  expect(broadcastShapes(['batch'], [2])).toBeNull()
})

test('an axis outside of the rank is refused', () => {
  expect(normalizeAxis(-1, 3)).toBe(2)
  expect(() => normalizeAxis(3, 3)).toThrow('axis 3 is outside of rank 3')
})
