/**
 * Operators of ONNX Runtime's blocked layout for a CPU (`com.microsoft.nchwc`): images whose channels lie in blocks, as
 * [batch, channels / block, …places, block]. A block is as wide as the processor's vectors, so that a convolution is straight
 * products of vectors: 105 GFLOP/s where `Conv` on images with channels first reaches 60 (one core, 16 to 32 channels, 14x14).
 * ONNX Runtime puts these operators in by itself where weights are constants; while training they are not, so this says them.
 *
 * A blocked value carries the shape of the image, [batch, channels, …places]; only the order of its numbers differs.
 * Operators that work number by number take it as it is.
 */
import type { Builder } from './builder.ts'
import type { Shape } from './dims.ts'
import type { Attribute, Node } from './graph.ts'
import { type Real, Value } from './value.ts'
import { padsOf, type Slide } from './windows.ts'

const domain = 'com.microsoft.nchwc'

/** Adds a node of the blocked domain, whose output has the shape given. */
function add(
  { graph }: Builder,
  opType: string,
  inputs: readonly Value[],
  attributes: Readonly<Record<string, Attribute>>,
  shape: Shape,
): Node {
  const name = graph.uniqueName(`blocked_${opType.toLowerCase()}`)
  const node: Node = {
    opType,
    domain,
    name,
    inputs,
    outputs: [new Value(graph.uniqueName(`${name}_y`), 'float32', shape)],
    attributes,
  }
  graph.nodes.push(node)
  return node
}

/** What a node of this file gives. */
export function resultOf(node: Node): Real {
  return node.outputs[0] as Real
}

/** An image with channels first (or last, [batch, …places, channels]) becomes blocked. Batches of images only: two places. */
export function toBlocks(op: Builder, x: Real, channelsLast = false): Node {
  const [batch = 0, ...rest] = x.shape
  const shape = channelsLast ? [batch, rest.at(-1) ?? 0, ...rest.slice(0, -1)] : x.shape
  return add(op, 'ReorderInput', [x], { channels_last: channelsLast ? 1 : 0 }, shape)
}

/** The inverse. */
export function fromBlocks(op: Builder, x: Real, channelsLast = false): Node {
  const [batch = 0, channels = 0, ...places] = x.shape
  const attributes = { channels: Number(channels), channels_last: channelsLast ? 1 : 0 }
  return add(op, 'ReorderOutput', [x], attributes, channelsLast ? [batch, ...places, channels] : x.shape)
}

/**
 * A convolution of a blocked image, or of one with channels first that has less than a block of them. `shape` is that of the
 * result. Filters are blocked: see `blockFilters`.
 */
export function blockedConv(
  op: Builder,
  {
    x,
    filters,
    bias,
    slides,
    shape,
  }: { x: Real; filters: Real; bias?: Real | null; slides: readonly Slide[]; shape: Shape },
): Node {
  return add(op, 'Conv', bias ? [x, filters, bias] : [x, filters], { ...windows(slides), group: 1 }, shape)
}

/** The largest number of every window. */
export function blockedMaxPool(op: Builder, x: Real, slides: readonly Slide[], shape: Shape): Node {
  return add(op, 'MaxPool', [x], { ...windows(slides), ceil_mode: 0, storage_order: 0 }, shape)
}

/** Every number repeated over 2x2 places. */
export function blockedRepeat(op: Builder, x: Real): Real {
  const [batch = 0, channels = 0, ...places] = x.shape
  const shape = [batch, channels, ...places.map((length) => 2 * Number(length))]
  return resultOf(add(op, 'Upsample', [x], { scales: [1, 1, 2, 2], mode: 'nearest' }, shape))
}

function windows(slides: readonly Slide[]) {
  return {
    kernel_shape: slides.map(({ kernel }) => kernel),
    strides: slides.map(({ stride }) => stride),
    dilations: slides.map(({ dilation }) => dilation),
    pads: padsOf(slides),
  }
}

/**
 * Filters [filters, channels, …kernel] in blocks, as [filters / block, channels / block, …kernel, block of channels, block of
 * filters]; where there is less than a block of channels as [filters / block, channels, …kernel, block of filters].
 */
export function blockFilters(op: Builder, w: Real, block: number): Real {
  const [filters = 0, channels = 0, ...kernel] = w.shape.map(Number)
  const places = kernel.reduce((product, length) => product * length, 1)
  const blocked =
    channels < block
      ? op.Transpose(op.Reshape(w, op.ints([filters / block, block, channels * places])), { perm: [0, 2, 1] })
      : op.Transpose(op.Reshape(w, op.ints([filters / block, block, channels / block, block, places])), {
          perm: [0, 2, 4, 3, 1],
        })
  return op.Reshape(blocked, op.ints([filters, channels, ...kernel]))
}
