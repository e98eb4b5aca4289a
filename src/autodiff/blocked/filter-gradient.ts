/** The gradient of a blocked convolution's filters, in their blocks. */
import { blockedConv, fromBlocks, resultOf, toBlocks } from '../../onnx/blocked.ts'
import type { Builder } from '../../onnx/builder.ts'
import type { Dim } from '../../onnx/dims.ts'
import { elementCount } from '../../onnx/tensor.ts'
import { type Real, Value } from '../../onnx/value.ts'
import type { Slide } from '../../onnx/windows.ts'
import { columnsOf } from '../filter-gradient.ts'
import { spatialOf } from '../spatial.ts'

interface BlockedFilterGradient {
  readonly x: Real
  readonly dy: Real
  readonly slides: readonly Slide[]
  readonly block: number
}

/** For images with less than a block of channels, which are not blocked: all columns times dy as it lies. */
export function blockedColumns(op: Builder, { x, dy, slides, block }: BlockedFilterGradient): Real {
  return columnsTimes(op, columnsOf(op, { x, dy, slides, group: 1 }), { x, dy, slides, block })
}

/** The columns [batch, 1, kernel places · channels, places] times dy [batch, filters / block, places, block]. */
export function columnsTimes(op: Builder, columns: Real, { x, dy, slides, block }: BlockedFilterGradient): Real {
  const [filters, channels] = [Number(dy.shape[1]), Number(x.shape[1])]
  const kernel = slides.map((slide) => slide.kernel)
  const laid = op.Reshape(dy, op.ints([-1, filters / block, elementCount(spatialOf(dy)), block]))
  const product = op.FusedMatMul(columns, laid, {})
  const sum = op.ReduceSum(product, op.ints([0]), { keepdims: 0 })
  const byPlace = op.Reshape(sum, op.ints([filters / block, elementCount(kernel), channels, block]))
  return op.Reshape(op.Transpose(byPlace, { perm: [0, 2, 1, 3] }), op.ints([filters, channels, ...kernel]))
}

/**
 * A blocked convolution of x by dy with batch and channels swapped: the batch lies in blocks, filled up with zeros, and dy
 * stands in the place of the filters. The pads across are written out, since the kernel is slow at edges.
 */
export function bySwappedBlocks(op: Builder, { x, dy, slides, block }: BlockedFilterGradient): Real {
  const [filters, channels] = [Number(dy.shape[1]), Number(x.shape[1])]
  const kernel = slides.map((slide) => slide.kernel)
  const [down, across] = slides as [Slide, Slide]
  const [rows, columns] = spatialOf(dy) as [number, number]
  const missing = missingRows(op, dy, block)
  const swapped = [
    { ...down, kernel: rows, stride: down.dilation, dilation: down.stride },
    { kernel: columns, stride: across.dilation, dilation: across.stride, before: 0, after: 0 },
  ]
  const product = resultOf(
    blockedConv(op, {
      x: channelsAsBatch(op, x, across, missing, block),
      filters: batchAsChannels(op, dy, missing, block),
      slides: swapped,
      shape: [channels, filters, ...kernel],
    }),
  )
  const laid = op.Reshape(product, op.ints([channels / block, block, filters / block, elementCount(kernel), block]))
  return op.Reshape(op.Transpose(laid, { perm: [2, 0, 3, 1, 4] }), op.ints([filters, channels, ...kernel]))
}

/** How many rows a batch lacks to whole blocks, [1]. */
function missingRows(op: Builder, x: Real, block: number): Value<'int64'> {
  return op.Mod(op.Neg(op.Shape(x, { start: 0, end: 1 })), op.ints([block]), {})
}

/** x [batch, channels, …places] as blocked [channels, batch in blocks, …places], padded across. */
function channelsAsBatch(op: Builder, x: Real, across: Slide, missing: Value<'int64'>, block: number): Real {
  const channels = Number(x.shape[1])
  const [height, width] = spatialOf(x) as [number, number]
  const laid = op.Reshape(x, op.ints([-1, channels / block, height, width, block]))
  const [before, after] = [op.ints([0, across.before]), op.ints([across.after])]
  const wide = width + across.before + across.after
  const filled = padOpen(op, laid, op.Concat([before, missing, after], { axis: 0 }), [0, 3], {
    3: wide,
    0: `${block}*blocks`,
  })
  const image = op.Reshape(filled, op.ints([-1, channels, height, wide]))
  return resultOf(toBlocks(op, op.Transpose(resultOf(fromBlocks(op, image)), { perm: [1, 0, 2, 3] })))
}

/** dy [batch, filters / block, places, block] as blocked filters [filters / block, batch / block, places, block of batch, block]. */
function batchAsChannels(op: Builder, dy: Real, missing: Value<'int64'>, block: number): Real {
  const size = elementCount(dy.shape.slice(1).map(Number))
  const filters = Number(dy.shape[1])
  const rows = op.Reshape(dy, op.ints([-1, size]))
  const pads = op.Concat([op.ints([0]), missing], { axis: 0 })
  const filled = padOpen(op, rows, pads, [0], { 0: `${block}*blocks` })
  const laid = op.Reshape(filled, op.ints([-1, block, filters / block, elementCount(spatialOf(dy)), block]))
  const moved = op.Transpose(laid, { perm: [2, 0, 3, 1, 4] })
  return op.Reshape(moved, op.ints([filters, -1, ...spatialOf(dy)]))
}

/** `Pad` by numbers that only the run knows, which the builder's does not take; `lengths` are the axes' after it. */
function padOpen(
  op: Builder,
  x: Real,
  pads: Value<'int64'>,
  axes: readonly number[],
  lengths: Readonly<Record<number, Dim>>,
): Real {
  const { graph } = op
  const name = graph.uniqueName('fill_batch')
  const shape = x.shape.map((length, axis) => lengths[axis] ?? length)
  const filled = new Value(graph.uniqueName(`${name}_y`), 'float32', shape)
  graph.nodes.push({
    opType: 'Pad',
    domain: '',
    name,
    inputs: [x, pads, null, op.ints(axes)],
    outputs: [filled],
    attributes: {},
  })
  return filled
}
