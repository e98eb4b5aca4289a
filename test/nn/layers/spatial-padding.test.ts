import fc from 'fast-check'
import { expect, test } from 'vitest'
import { causalPadding, samePadding, transposedPlacement } from '../../../src/nn/layers/spatial-padding.ts'

test.each<[string, [number, number, number, number?], [number, number]]>([
  ['an odd total has its smaller half in front', [4, 3, 2], [0, 1]],
  ['an even total is split', [5, 3, 2], [1, 1]],
  ['a kernel of 1 needs none', [4, 1, 2], [0, 0]],
  ['a stride above the length needs none', [3, 3, 5], [0, 0]],
  ['a stride above the kernel needs none', [5, 2, 3], [0, 0]],
  ['a kernel longer than the axis', [1, 4, 1], [1, 2]],
  ['a dilation spreads the kernel', [7, 3, 1, 2], [2, 2]],
])('same: %s', (_, [length, kernel, stride, dilation], [before, after]) => {
  expect(samePadding(length, kernel, stride, dilation)).toEqual({ before, after })
})

test('same: there are ⌈length / stride⌉ windows whatever the kernel, and the two sides differ by at most 1', () => {
  const number = fc.integer({ min: 1, max: 12 })
  fc.assert(
    fc.property(number, number, number, fc.integer({ min: 1, max: 3 }), (length, kernel, stride, dilation) => {
      const { before, after } = samePadding(length, kernel, stride, dilation)
      const room = length + before + after - (kernel - 1) * dilation - 1
      expect(Math.floor(room / stride) + 1).toBe(Math.ceil(length / stride))
      expect([0, 1]).toContain(after - before)
    }),
  )
})

test('causal: everything is in front', () => {
  expect(causalPadding(3, 2)).toEqual({ before: 4, after: 0 })
})

// C03
test.each<[number, number, 'valid' | 'same', number | null, number]>([
  [3, 2, 'valid', null, 7],
  [3, 2, 'valid', 0, 7],
  [3, 2, 'valid', 1, 8],
  [3, 2, 'same', null, 6],
  [3, 2, 'same', 0, 5],
  [3, 2, 'same', 1, 6],
  [4, 2, 'same', null, 6],
  [2, 3, 'valid', null, 9],
  [2, 2, 'valid', null, 6],
])(
  'transposed: kernel %i, stride %i, %s, output_padding %s make 3 places %i',
  (kernel, stride, padding, given, length) => {
    expect(transposedPlacement(3, { kernel, stride, padding, outputPadding: given }).length).toBe(length)
  },
)

test('transposed: pads and output padding give the length promised', () => {
  const small = fc.integer({ min: 1, max: 6 })
  const axis = fc.record({
    kernel: small,
    stride: small,
    dilation: fc.integer({ min: 1, max: 3 }),
    padding: fc.constantFrom('valid' as const, 'same' as const),
    extra: fc.option(fc.nat(5)),
  })
  fc.assert(
    fc.property(small, axis, (length, { extra, ...rest }) => {
      const outputPadding = extra === null ? null : extra % rest.stride
      const placed = transposedPlacement(length, { ...rest, outputPadding })
      const whole = (length - 1) * rest.stride + (rest.kernel - 1) * rest.dilation + 1
      expect(whole - placed.before - placed.after + placed.outputPadding).toBe(placed.length)
      expect(Math.min(placed.before, placed.after, placed.outputPadding)).toBeGreaterThanOrEqual(0)
      expect(placed.outputPadding).toBeLessThan(rest.stride)
    }),
  )
})
