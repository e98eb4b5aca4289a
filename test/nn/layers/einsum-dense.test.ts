import { expect, test } from 'vitest'
import { modelOf } from '../../support/check-layer.ts'

const dense = (equation: string, output_shape: unknown, bias_axes: string | null = null) => ({
  ...{ type: 'EinsumDense', equation, output_shape, bias_axes },
})

test.each<[object, number[], RegExp]>([
  [dense('ab,bc', 3), [4], /an equation for 2 axes/],
  [dense('abc,cd->abd', [null, 3]), [4], /an equation for 2 axes/],
  [dense('abc,cd->ad', 3), [2, 4], /every other axis in the output/],
  [dense('abc,bcd->abd', [2, 3]), [2, 4], /every other axis in the output/],
  [dense('ab,bc->ca', 3), [4], /the batch first/],
  [dense('abc,cd->abd', 3), [2, 4], /an output_shape that fits/],
  [dense('abc,cd->abd', [5, 3]), [2, 4], /an output_shape that fits/],
  [dense('ab,bc->ac', [null]), [4], /an output_shape that fits/],
  [dense('ab,bc->ac', 3, 'x'), [4], /bias_axes of the output/],
])('%j on %j is a 422', (layer, shape, detail) => {
  expect(() => modelOf([layer], shape)).toThrow(detail)
})
