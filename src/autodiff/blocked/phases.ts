/**
 * A convolution that is pooled by 2x2, taken apart by the four places of the windows: its phases, each a convolution with
 * stride 2. The maximum of the four is the pool, and what is differentiated are quarters.
 */
import { blockedConv, resultOf } from '../../onnx/blocked.ts'
import type { Builder } from '../../onnx/builder.ts'
import type { Node } from '../../onnx/graph.ts'
import type { Real } from '../../onnx/value.ts'
import type { Slide } from '../../onnx/windows.ts'
import { columnsFit, padSpatial } from '../filter-gradient.ts'
import type { OwnRule } from '../gradients.ts'
import { spatialOf } from '../spatial.ts'
import { columnsTimes } from './filter-gradient.ts'
import { type BlockedConvolution, type Blocks, biasSlope, blockedConvRule, firstMaximumRule } from './rules.ts'

/** What a phase is: the place that it has in the windows, down and across. */
type Offsets = readonly [down: number, across: number]

const phases: readonly Offsets[] = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
]

/** The maximum over 2x2 of a convolution of an image that is not blocked and needs no gradient; `y` has its shape. */
export function convolveInPhases(
  op: Builder,
  convolution: BlockedConvolution & { readonly bias: Real | null },
  y: Real,
  blocks: Blocks,
  rules: Map<Node, OwnRule>,
): Real {
  const columns = phaseColumns(convolution)
  const [first, second, third, fourth] = phases.map((offsets) => {
    const { made, rule } = phaseOf(op, convolution, offsets, y, blocks, columns)
    rules.set(made, rule)
    return resultOf(made)
  }) as [Real, Real, Real, Real]
  const maximum = (a: Real, b: Real) => {
    const most = op.Max([a, b])
    const node = op.graph.nodes.at(-1) as Node
    rules.set(node, firstMaximumRule(node))
    return most
  }
  return maximum(maximum(first, second), maximum(third, fourth))
}

function phaseOf(
  op: Builder,
  { x, filters, bias, w, slides }: BlockedConvolution & { readonly bias: Real | null },
  offsets: Offsets,
  y: Real,
  blocks: Blocks,
  columns: PhaseColumns,
): { made: Node; rule: OwnRule } {
  const starts = slides.map(({ before }, i) => (offsets[i] as number) - before)
  const moved = slides.map((slide, i) => ({
    ...slide,
    stride: 2,
    before: Math.max(-(starts[i] as number), 0),
    after: Math.max(slide.after - 1 + (offsets[i] as number), 0),
  }))
  const image = cropFronts(op, x, starts)
  const made = blockedConv(op, { x: image, filters, bias, slides: moved, shape: y.shape })
  const whole = { x: image, w, filters, slides: moved }
  const rule: OwnRule = (at, [dy]) => {
    if (!dy) return [null, null, null]
    if (!columnsFit({ x: image, dy, slides: moved, group: 1 })) return blockedConvRule(whole, blocks)(at, [dy])
    const dw = columnsTimes(at, columns(at, offsets, spatialOf(dy)), { x, dy, slides, block: blocks.block })
    return [null, dw, biasSlope(at, dy, blocks)]
  }
  return { made, rule }
}

/** An image without the places before `starts`; those below 0 are none. */
function cropFronts(op: Builder, x: Real, starts: readonly number[]): Real {
  if (starts.every((start) => start <= 0)) return x
  const ends = x.shape.slice(2).map(Number)
  return op.Slice(x, op.ints(starts.map((start) => Math.max(start, 0))), op.ints(ends), op.ints([2, 3]), null)
}

type PhaseColumns = (op: Builder, offsets: Offsets, lengths: readonly number[]) => Real

/**
 * The columns of each phase, [batch, 1, kernel places · channels, places]. A place of the kernel meets in one phase what its
 * neighbour meets in another, so the slices are shared; and since slices with steps are slow, they are cut from four planes,
 * which hold every second row and column.
 */
function phaseColumns({ x, slides }: { readonly x: Real; readonly slides: readonly Slide[] }): PhaseColumns {
  const made = new Map<string, Real>()
  const once = (key: string, make: () => Real) => {
    const value = made.get(key) ?? make()
    made.set(key, value)
    return value
  }
  const plane = (op: Builder, down: number, across: number) =>
    once(`plane ${down} ${across}`, () => {
      const padded = once('padded', () => padSpatial(op, x, slides))
      return op.Slice(padded, op.ints([down, across]), op.ints(spatialOf(padded)), op.ints([2, 3]), op.ints([2, 2]))
    })
  const cut = (op: Builder, down: number, across: number, lengths: readonly number[]) =>
    once(`cut ${down} ${across}`, () => {
      const starts = [Math.floor(down / 2), Math.floor(across / 2)]
      const ends = starts.map((start, i) => start + (lengths[i] as number))
      const part = op.Slice(plane(op, down % 2, across % 2), op.ints(starts), op.ints(ends), op.ints([2, 3]), null)
      return op.Reshape(part, op.ints([-1, 1, Number(x.shape[1]), (lengths[0] as number) * (lengths[1] as number)]))
    })
  const [height = 1, width = 1] = slides.map(({ kernel }) => kernel)
  return (op, [down, across], lengths) => {
    const cuts = Array.from({ length: height * width }, (_, at) =>
      cut(op, down + Math.floor(at / width), across + (at % width), lengths),
    )
    return cuts.length === 1 ? (cuts[0] as Real) : op.Concat(cuts, { axis: 2 })
  }
}
