/** Gradient rules of the operators of the blocked layout: see src/onnx/blocked.ts. */
import {
  blockedConv,
  blockedMaxPool,
  blockedRepeat,
  blockFilters,
  fromBlocks,
  resultOf,
  toBlocks,
} from '../../onnx/blocked.ts'
import type { Builder } from '../../onnx/builder.ts'
import type { Node } from '../../onnx/graph.ts'
import { elementCount, tensorOf } from '../../onnx/tensor.ts'
import type { Real } from '../../onnx/value.ts'
import { type Slide, spanOf } from '../../onnx/windows.ts'
import { columnsFit, filterGradient } from '../filter-gradient.ts'
import type { OwnRule } from '../gradients.ts'
import { inputGradient } from '../input-gradient.ts'
import { spatialOf } from '../spatial.ts'
import { blockedColumns, bySwappedBlocks } from './filter-gradient.ts'

/** How wide a block is, and the batch that most steps have. */
export interface Blocks {
  readonly block: number
  readonly batch: number
}

/** The rule of `toBlocks`. */
export const toBlocksRule: OwnRule = (op, [dy]) => [dy ? resultOf(fromBlocks(op, dy)) : null]

/** The rule of `fromBlocks`. */
export const fromBlocksRule =
  (channelsLast: boolean): OwnRule =>
  (op, [dy]) => [dy ? resultOf(toBlocks(op, dy, channelsLast)) : null]

/** A blocked convolution as its rule sees it: `w` are the filters before they were blocked. */
export interface BlockedConvolution {
  readonly x: Real
  readonly w: Real
  readonly filters: Real
  readonly slides: readonly Slide[]
}

/** The rule of `blockedConv`. */
export function blockedConvRule(convolution: BlockedConvolution, blocks: Blocks): OwnRule {
  return (op, [dy]) => {
    if (!dy) return [null, null, null]
    return [
      inputSlope(op, convolution, dy, blocks),
      filterSlope(op, convolution, dy, blocks),
      biasSlope(op, dy, blocks),
    ]
  }
}

/** Swapped where the image is no larger than this, since it stands in the place of a kernel, */
const swappedUpTo = 1024
/** and where what a batch is filled up with to whole blocks is no more than a quarter of it. */
const filledUpTo = 1.25

function filterSlope(op: Builder, { x, w, slides }: BlockedConvolution, dy: Real, { block, batch }: Blocks): Real {
  const isPlain = Number(x.shape[1]) < block
  if (isPlain && columnsFit({ x, dy, slides, group: 1 })) return blockedColumns(op, { x, dy, slides, block })
  const isFull = Math.ceil(batch / block) * block <= filledUpTo * batch
  if (!isPlain && isFull && elementCount(spatialOf(dy)) <= swappedUpTo) {
    return bySwappedBlocks(op, { x, dy, slides, block })
  }
  const image = isPlain ? x : resultOf(fromBlocks(op, x))
  const plain = { x: image, dy: resultOf(fromBlocks(op, dy)), slides, group: 1 }
  return blockFilters(op, op.Reshape(filterGradient(op, plain), op.ints(w.shape.map(Number))), block)
}

/** A convolution by the filters with channels and filters swapped and every place reversed. */
function inputSlope(op: Builder, { x, w, filters, slides }: BlockedConvolution, dy: Real, { block }: Blocks): Real {
  const shape = x.shape
  if (Number(shape[1]) < block) {
    return inputGradient(op, { dy: resultOf(fromBlocks(op, dy)), w, lengths: spatialOf(x), slides, group: 1 })
  }
  const widened = slides.map((slide) => {
    const most = spanOf(slide) - 1
    return { ...slide, before: most - slide.before, after: most - slide.after }
  })
  return resultOf(blockedConv(op, { x: dy, filters: flipped(op, filters, block), slides: widened, shape }))
}

/** From [filters / block, channels / block, places, channels, filters] to [channels / block, filters / block, places, filters, channels]. */
function flipped(op: Builder, w: Real, block: number): Real {
  const [filters = 0, channels = 0, ...kernel] = w.shape.map(Number)
  const places = elementCount(kernel)
  const laid = op.Reshape(w, op.ints([filters / block, channels / block, places, block, block]))
  const reversed = op.Gather(laid, op.ints(Array.from({ length: places }, (_, at) => places - 1 - at)), { axis: 2 })
  const swapped = op.Transpose(reversed, { perm: [1, 0, 2, 4, 3] })
  return op.Reshape(swapped, op.ints([channels, filters, ...kernel]))
}

/** One bias per channel: summed over the places, then over the batch. */
export function biasSlope(op: Builder, dy: Real, { block }: Blocks): Real {
  const channels = Number(dy.shape[1])
  const laid = op.Reshape(dy, op.ints([-1, channels / block, elementCount(spatialOf(dy)), block]))
  const sums = op.ReduceSum(laid, op.ints([2]), { keepdims: 0 })
  return op.Reshape(op.ReduceSum(sums, op.ints([0]), { keepdims: 0 }), op.ints([channels]))
}

/** The rule of `blockedMaxPool` for windows of 2x2 side by side, by masks as in ../max-pool-gradient.ts. */
export function blockedMaxPoolRule(x: Real, y: Real, slides: readonly Slide[], block: number): OwnRule {
  return (op, [dy]) => {
    if (!dy) return [null]
    const maxima = markZeros(op, op.Sub(x, blockedRepeat(op, y)))
    const counted = op.Reshape(
      op.Mul(op.Reshape(maxima, op.ints([-1, 2, Number(x.shape[3]) * block])), countdown(op, x, block)),
      op.ints([-1, ...x.shape.slice(1).map(Number)]),
    )
    const first = resultOf(blockedMaxPool(op, counted, slides, y.shape))
    const chosen = markZeros(op, op.Sub(counted, blockedRepeat(op, first)))
    return [op.Mul(chosen, blockedRepeat(op, dy))]
  }
}

/** 4 3 4 3 … and 2 1 2 1 … for two rows of blocks. */
function countdown(op: Builder, x: Real, block: number): Real {
  const length = Number(x.shape[3]) * block
  const values = Float32Array.from({ length: 2 * length }, (_, at) => {
    const column = Math.floor((at % length) / block) % 2
    return 4 - 2 * Math.floor(at / length) - column
  })
  return op.constant(tensorOf('float32', values, [2, length]))
}

/** 1 where d is 0, 0 where it is below; it is never above. */
function markZeros(op: Builder, d: Real): Real {
  return op.HardSigmoid(d, { alpha: 3e38, beta: 1 })
}

/**
 * The rule of a maximum of several values of which the first one wins: what is left of the cotangent is handed from one to the
 * next.
 */
export function firstMaximumRule({ inputs, outputs }: Node): OwnRule {
  const y = outputs[0] as Real
  return (op, [dy]) => {
    if (!dy) return inputs.map(() => null)
    let rest = dy
    const shares = inputs.slice(0, -1).map((x) => {
      const share = op.Mul(rest, markZeros(op, op.Sub(x as Real, y)))
      rest = op.Sub(rest, share)
      return share
    })
    return [...shares, rest]
  }
}
