/**
 * The gradient of a convolution with respect to its input, in two forms (`bench/spatial.ts` sets them side by side):
 * - transposed: a `ConvTranspose` with the same weights, strides, dilations and pads; `output_padding` is what the stride left
 *   over at the end.
 * - flipped: for stride 1 a `Conv` by the weights with every spatial axis reversed, filters and channels swapped. A third of the
 *   time for sequences, three quarters for large images, and it keeps no columns of the whole image; for small images
 *   and few channels flipping costs more than it saves.
 */
import type { Builder } from '../onnx/builder.ts'
import { elementCount } from '../onnx/tensor.ts'
import type { Real } from '../onnx/value.ts'
import { reachOf, type Slide, spanOf } from '../onnx/windows.ts'
import { placementOf, spatialOf } from './spatial.ts'

export interface InputGradient {
  readonly dy: Real
  /** [filters, channels / group, …kernel] */
  readonly w: Real
  /** Lengths of the input's spatial axes. */
  readonly lengths: readonly number[]
  readonly slides: readonly Slide[]
  readonly group: number
}

/** A `Conv` with fewer filters in a group is slower than the transposed form, but for depthwise ones. */
const flippedChannels = 16
/** From this many products per pair of filter and channel on the flipped form pays for images. */
const flipsFrom = 2 ** 14

/** dL/dx in the form that its size asks for. */
export function inputGradient(op: Builder, convolution: InputGradient): Real {
  return canFlip(convolution.slides) && flippingPays(convolution)
    ? byFlipping(op, convolution)
    : byTransposing(op, convolution)
}

function flippingPays({ w, lengths, slides, group }: InputGradient): boolean {
  const [filters, perGroup] = w.shape.map(Number)
  if (Number(perGroup) < flippedChannels && filters !== group) return false
  const products = elementCount(lengths) * elementCount(slides.map(({ kernel }) => kernel))
  return slides.length === 1 || group > 1 || products >= flipsFrom
}

/** Stride 1, and pads that windows of the other direction can make up for. */
function canFlip(slides: readonly Slide[]): boolean {
  return slides.every((slide) => slide.stride === 1 && Math.max(slide.before, slide.after) < spanOf(slide))
}

/** The transposed form, for any strides and pads. */
export function byTransposing(op: Builder, { dy, w, lengths, slides, group }: InputGradient): Real {
  const rest = lengths.map((length, i) => length - reachOf(slides[i] as Slide, spatialOf(dy)[i] as number))
  return op.ConvTranspose(dy, w, null, { ...placementOf(slides), group, output_padding: rest })
}

/** The flipped form: w as [channels, filters / group, …reversed kernel]. */
export function byFlipping(op: Builder, { dy, w, slides, group }: InputGradient): Real {
  const widened = slides.map((slide) => {
    const most = spanOf(slide) - 1
    return { ...slide, before: most - slide.before, after: most - slide.after }
  })
  return op.Conv(dy, flip(op, w, group), null, { ...placementOf(widened), group })
}

function flip(op: Builder, w: Real, group: number): Real {
  const [filters = 1, perGroup = 1, ...kernel] = w.shape.map(Number)
  const axes = kernel.map((_, i) => i + 2)
  const all = (value: number) => op.ints(kernel.map(() => value))
  const reversed = op.Slice(w, all(-1), all(-(2 ** 31)), op.ints(axes), all(-1))
  if (group === 1) return op.Transpose(reversed, { perm: [1, 0, ...axes] })
  const split = op.Reshape(reversed, op.ints([group, filters / group, perGroup, ...kernel]))
  const swapped = op.Transpose(split, { perm: [0, 2, 1, ...axes.map((axis) => axis + 1)] })
  return op.Reshape(swapped, op.ints([group * perGroup, filters / group, ...kernel]))
}
