/**
 * Gradient rules of the convolutions. Each is the other's gradient with respect to its input, with the same weights, strides,
 * dilations and pads; `output_padding` is what the stride left over at the end.
 */
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { padsOf, reachOf, type Slide } from '../../onnx/windows.ts'
import { filterGradient } from '../filter-gradient.ts'
import { spatialOf, windowsOver } from '../spatial.ts'
import type { VjpRules } from '../vjp.ts'

export const convolutions = {
  Conv: (op, { inputs: [x, w, b], attributes }, dy) => {
    const { group = 1 } = attributes
    const slides = windowsOver(x, attributes, w)
    const rest = spatialOf(x).map((length, i) => length - reachOf(slides[i] as Slide, spatialOf(dy)[i] as number))
    const dx = op.ConvTranspose(dy, w, null, { ...placement(slides), group, output_padding: rest })
    return [dx, filterGradient(op, { x, dy, slides, group }), b && biasGradient(op, dy)]
  },
  ConvTranspose: (op, { inputs: [x, w, b], attributes }, dy) => {
    const { group = 1 } = attributes
    const slides = windowsOver(dy, attributes, w)
    const dx = op.Conv(dy, w, null, { ...placement(slides), group })
    return [dx, filterGradient(op, { x: dy, dy: x, slides, group }), b && biasGradient(op, dy)]
  },
} satisfies VjpRules<'Conv' | 'ConvTranspose'>

function placement(slides: readonly Slide[]) {
  return {
    strides: slides.map(({ stride }) => stride),
    dilations: slides.map(({ dilation }) => dilation),
    pads: padsOf(slides),
  }
}

/** One bias per channel: the sum over batch and places. */
function biasGradient(op: Builder, dy: Real): Real {
  return op.ReduceSum(dy, op.ints(dy.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]))), { keepdims: 0 })
}
