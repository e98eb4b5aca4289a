/** Gradient test inputs of the matrix products. */
import fc from 'fast-check'
import type { Dim, Shape } from '../../../src/onnx/dims.ts'
import { broadcastable, length, smooth, trials } from '../draw.ts'

const rows: fc.Arbitrary<Dim> = fc.oneof(length, fc.constant('batch'))

/** Matrices with leading axes that broadcast, vectors on either side. */
const matMulShapes: fc.Arbitrary<Shape[]> = fc
  .record({ m: rows, k: length, n: length, leading: broadcastable(2, fc.array(length, { maxLength: 2 })) })
  .chain(({ m, k, n, leading: [left = [], right = []] }) =>
    fc.constantFrom<Shape[]>(
      [
        [m, k],
        [k, n],
      ],
      [
        [...left, m, k],
        [...right, k, n],
      ],
      [
        [m, ...left, k],
        [k, n],
      ],
      [[k], [...right, k, n]],
      [[...left, m, k], [k]],
      [[k], [k]],
    ),
  )

const flag = fc.constantFrom<0 | 1>(0, 1)
const gemmPlan = fc
  .record({ m: rows, k: length, n: length, transA: flag, transB: flag, c: fc.nat(6), scaled: fc.boolean() })
  .map(({ m, k, n, transA, transB, c, scaled }) => {
    const bias = [null, [], [1], [n], [1, n], [m, 1], [m, n]][c]
    return {
      shapes: [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n], ...(bias ? [bias] : [])] as Shape[],
      attributes: { transA, transB, ...(scaled ? { alpha: 0.7, beta: -1.5 } : {}) },
    }
  })

export const linalgInputs = {
  MatMul: trials({
    plan: matMulShapes.map((shapes) => ({ shapes })),
    values: smooth,
    call: (op, [a, b]) => op.MatMul(a, b),
  }),
  Gemm: trials({
    plan: gemmPlan,
    values: smooth,
    call: (op, [a, b, c], { attributes }) => op.Gemm(a, b, c ?? null, attributes),
  }),
}
