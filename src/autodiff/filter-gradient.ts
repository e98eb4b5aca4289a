/**
 * The gradient of a convolution's weights: dw[m, c, k] = Σ over batch and places p of dy[m, p] · x[c, s·p + d·k - pad].
 * Three forms (`bench/spatial.ts` sets them side by side):
 * - places: for each place of the kernel the slice of x that it meets, and one batched product. The fastest where a product
 *   has 8 channels or more, in half to three quarters of the time of the columns, and it copies one slice at a time.
 * - columns: all slices together and one batched product. With few channels the many small products of the form above cost
 *   up to seven times as much, but the columns take as many copies of the input as the kernel has places.
 * - swapped: a convolution of x by dy, batch and channels swapped, its strides and dilations as well. No copies of slices, in
 *   one to three times the time.
 */
import type { Builder } from '../onnx/builder.ts'
import type { Dim } from '../onnx/dims.ts'
import { elementCount } from '../onnx/tensor.ts'
import type { Real } from '../onnx/value.ts'
import { padsOf, type Slide } from '../onnx/windows.ts'
import { padAxes } from './pad-axes.ts'
import { regroup, spatialOf } from './spatial.ts'

/** A convolution as its weights' gradient sees it: w [filters, channels / group, …kernel]. */
export interface FilterGradient {
  readonly x: Real
  readonly dy: Real
  readonly slides: readonly Slide[]
  readonly group: number
}

/** From this many channels on the products of single places pay. */
const channelsOfPlaces = 8
/** Columns of more numbers than this for one sample (256 MiB) are not made. */
const columnsUpTo = 2 ** 26

/** dL/dw in the form that its size asks for. */
export function filterGradient(op: Builder, convolution: FilterGradient): Real {
  const { filters, perGroup } = sizesOf(convolution)
  if (perGroup >= channelsOfPlaces || filters === convolution.group) return byPlaces(op, convolution)
  return columnsFit(convolution) ? byColumns(op, convolution) : bySwapping(op, convolution)
}

/** Whether the columns of one sample are few enough to be made. */
export function columnsFit(convolution: FilterGradient): boolean {
  const { perGroup, kernel, places } = sizesOf(convolution)
  return perGroup * convolution.group * elementCount(kernel) * places <= columnsUpTo
}

/**
 * The columns form: [batch, group, kernel places · channels / group, places] times [batch, group, filters / group, places]ᵀ.
 * The right operand is the one that gets packed, so it is dy, the smaller one.
 */
export function byColumns(op: Builder, convolution: FilterGradient): Real {
  const { dy, group } = convolution
  const { batch, filters, perGroup, kernel, places } = sizesOf(convolution)
  const columns = columnsOf(op, convolution)
  const product = op.FusedMatMul(columns, regroup(op, dy, [batch, group, filters / group, places]), { transB: 1 })
  const sum = op.ReduceSum(product, op.ints([0]), { keepdims: 0 })
  const byPlace = op.Reshape(sum, op.ints([group, elementCount(kernel), perGroup, filters / group]))
  return op.Reshape(op.Transpose(byPlace, { perm: [0, 3, 2, 1] }), op.ints([filters, perGroup, ...kernel]))
}

/** What every window of x holds: [batch, group, kernel places · channels / group, places]. */
export function columnsOf(op: Builder, convolution: FilterGradient): Real {
  const { x, dy, slides, group } = convolution
  const { batch, perGroup, kernel, places } = sizesOf(convolution)
  const padded = padSpatial(op, x, slides)
  const cuts = offsetsOf(kernel).map((offset) => {
    const cut = sliceMet(op, padded, offset, slides, spatialOf(dy))
    return regroup(op, cut, [batch, group, perGroup, places])
  })
  return cuts.length === 1 ? (cuts[0] as Real) : op.Concat(cuts, { axis: 2 })
}

/** The places form: as the columns, but one product for each place of the kernel, so that no columns are put together. */
export function byPlaces(op: Builder, convolution: FilterGradient): Real {
  const { x, dy, slides, group } = convolution
  const { batch, filters, perGroup, kernel, places } = sizesOf(convolution)
  const padded = padSpatial(op, x, slides)
  const rows = regroup(op, dy, [batch, group, filters / group, places])
  const parts = offsetsOf(kernel).map((offset) => {
    const cut = sliceMet(op, padded, offset, slides, spatialOf(dy))
    const product = op.FusedMatMul(rows, regroup(op, cut, [batch, group, perGroup, places]), { transB: 1 })
    return op.Reshape(op.ReduceSum(product, op.ints([0]), { keepdims: 0 }), op.ints([filters, perGroup, 1]))
  })
  return op.Reshape(op.Concat(parts, { axis: 2 }), op.ints([filters, perGroup, ...kernel]))
}

/** The swapped form: x as [channels / group, group · batch, …] by dy as [filters, batch, …]. */
export function bySwapping(op: Builder, convolution: FilterGradient): Real {
  const { x, dy, slides, group } = convolution
  const { batch, perGroup, kernel } = sizesOf(convolution)
  const axes = slides.map((_, i) => i + 2)
  const product = op.Conv(
    channelsFirst(op, x, batch, perGroup, group),
    op.Transpose(dy, { perm: [1, 0, ...axes] }),
    null,
    {
      group,
      strides: slides.map(({ dilation }) => dilation),
      dilations: slides.map(({ stride }) => stride),
      pads: padsOf(slides),
    },
  )
  // where the stride leaves a rest at the end, there are places beyond the kernel
  const whole = kernel.every((length, i) => product.shape[i + 2] === length)
  const cut = whole ? product : op.Slice(product, op.ints(kernel.map(() => 0)), op.ints(kernel), op.ints(axes), null)
  return op.Transpose(cut, { perm: [1, 0, ...axes] })
}

function channelsFirst(op: Builder, x: Real, batch: Dim, perGroup: number, group: number): Real {
  const spatial = spatialOf(x)
  const axes = spatial.map((_, i) => i + 2)
  if (group === 1) return op.Transpose(x, { perm: [1, 0, ...axes] })
  const split = regroup(op, x, [batch, group, perGroup, ...spatial])
  const moved = op.Transpose(split, { perm: [2, 1, 0, ...axes.map((axis) => axis + 1)] })
  return op.Reshape(moved, op.ints([perGroup, -1, ...spatial]))
}

function sizesOf({ x, dy, slides, group }: FilterGradient) {
  return {
    batch: x.shape[0] as Dim,
    filters: Number(dy.shape[1]),
    perGroup: Number(x.shape[1]) / group,
    kernel: slides.map(({ kernel }) => kernel),
    places: elementCount(spatialOf(dy)),
  }
}

/** x with the windows' pads written out. */
export function padSpatial(op: Builder, x: Real, slides: readonly Slide[]): Real {
  const pads = padsOf(slides)
  if (pads.every((pad) => pad === 0)) return x
  const { length } = slides
  const axes = slides.map((_, i) => i + 2)
  return padAxes(op, x, axes, pads.slice(0, length), pads.slice(length))
}

/** Every place of the kernel, row-major. */
function offsetsOf(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (offsets, length) => offsets.flatMap((offset) => Array.from({ length }, (_, i) => [...offset, i])),
    [[]],
  )
}

/** The part of x that one place of the kernel meets, in the shape of the output. */
function sliceMet(
  op: Builder,
  padded: Real,
  offset: readonly number[],
  slides: readonly Slide[],
  lengths: readonly number[],
): Real {
  const starts = slides.map(({ dilation }, i) => dilation * (offset[i] as number))
  const ends = slides.map(({ stride }, i) => (starts[i] as number) + stride * ((lengths[i] as number) - 1) + 1)
  const spatial = spatialOf(padded)
  if (spatial.every((length, i) => starts[i] === 0 && ends[i] === length && slides[i]?.stride === 1)) return padded
  const steps = slides.map(({ stride }) => stride)
  const axes = op.ints(slides.map((_, i) => i + 2))
  return op.Slice(
    padded,
    op.ints(starts),
    op.ints(ends),
    axes,
    steps.every((step) => step === 1) ? null : op.ints(steps),
  )
}
