/** Gradient rules of the convolutions: each is the other's gradient with respect to its input. */
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { filterGradient } from '../filter-gradient.ts'
import { inputGradient } from '../input-gradient.ts'
import { placementOf, spatialOf, windowsOver } from '../spatial.ts'
import type { VjpRules } from '../vjp.ts'

export const convolutions = {
  Conv: (op, { inputs: [x, w, b], attributes }, dy) => {
    const { group = 1 } = attributes
    const slides = windowsOver(x, attributes, w)
    const dx = inputGradient(op, { dy, w, lengths: spatialOf(x), slides, group })
    return [dx, filterGradient(op, { x, dy, slides, group }), b && biasGradient(op, dy)]
  },
  ConvTranspose: (op, { inputs: [x, w, b], attributes }, dy) => {
    const { group = 1 } = attributes
    const slides = windowsOver(dy, attributes, w)
    const dx = op.Conv(dy, w, null, { ...placementOf(slides), group })
    return [dx, filterGradient(op, { x: dy, dy: x, slides, group }), b && biasGradient(op, dy)]
  },
} satisfies VjpRules<'Conv' | 'ConvTranspose'>

/** One bias per channel: the sum over batch and places. */
function biasGradient(op: Builder, dy: Real): Real {
  return op.ReduceSum(dy, op.ints(dy.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]))), { keepdims: 0 })
}
