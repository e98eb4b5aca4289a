/**
 * Windows that slide over spatial axes, as convolutions and pools move them: where they lie, and how many there are.
 * @see https://onnx.ai/onnx/operators/onnx__Conv.html
 */
import { addDims, type Dim, formatShape, type Shape } from './dims.ts'

/** The attributes of ONNX that place windows; spatial axes in order, `pads` first all beginnings, then all ends. */
export interface WindowAttributes {
  readonly kernel_shape?: readonly number[]
  /** 1 on every axis by default. */
  readonly strides?: readonly number[]
  /** 0 by default. */
  readonly pads?: readonly number[]
  /** 1 by default: neighbours. */
  readonly dilations?: readonly number[]
  /** `NOTSET` (default) is `pads`; `SAME_*` gives ceil(length / stride) windows, the odd pad behind (UPPER) or in front. */
  readonly auto_pad?: string
}

/** Windows along one axis. */
export interface Slide {
  readonly kernel: number
  readonly stride: number
  readonly dilation: number
  /** Places added in front of the axis and behind it. */
  readonly before: number
  readonly after: number
}

/** How many places a window spans, with the gaps of its dilation. */
export function spanOf({ kernel, dilation }: Pick<Slide, 'kernel' | 'dilation'>): number {
  return (kernel - 1) * dilation + 1
}

/**
 * The windows of every spatial axis, `auto_pad` worked out.
 * @throws {Error} where an attribute has not one number per axis, or is out of range
 */
export function slidesOf(attributes: WindowAttributes, kernel: readonly number[], lengths: Shape): Slide[] {
  const rank = lengths.length
  if (kernel.length !== rank) {
    throw new Error(`a kernel ${formatShape(kernel)} of ${kernel.length} axes does not slide over ${rank}`)
  }
  const strides = perAxis('strides', attributes.strides, rank, 1)
  const dilations = perAxis('dilations', attributes.dilations, rank, 1)
  const pads = attributes.pads ?? new Array<number>(2 * rank).fill(0)
  if (pads.length !== 2 * rank) throw new Error(`pads takes two numbers per axis (${2 * rank}), received [${pads}]`)
  if (pads.some((pad) => pad < 0)) throw new Error(`pads must be at least 0, received [${pads}]`)
  return kernel.map((size, axis) => {
    if (size < 1) throw new Error(`the kernel must be at least 1 on every axis, received ${formatShape(kernel)}`)
    const shape = { kernel: size, stride: strides[axis] as number, dilation: dilations[axis] as number }
    const given = { ...shape, before: pads[axis] as number, after: pads[axis + rank] as number }
    return padded(given, lengths[axis] as Dim, attributes.auto_pad ?? 'NOTSET')
  })
}

function perAxis(name: string, given: readonly number[] | undefined, rank: number, fallback: number) {
  const values = given ?? new Array<number>(rank).fill(fallback)
  if (values.length !== rank) throw new Error(`${name} takes one number per axis (${rank}), received [${values}]`)
  if (values.some((value) => value < 1)) throw new Error(`${name} must be at least 1, received [${values}]`)
  return values
}

function padded(slide: Slide, length: Dim, autoPad: string): Slide {
  if (autoPad === 'NOTSET') return slide
  if (autoPad === 'VALID') return { ...slide, before: 0, after: 0 }
  if (autoPad !== 'SAME_UPPER' && autoPad !== 'SAME_LOWER') throw new Error(`auto_pad ${autoPad} is not known`)
  if (typeof length !== 'number') {
    if (slide.stride !== 1) throw new Error(`auto_pad ${autoPad} with a stride needs known lengths, received ${length}`)
  }
  const total =
    typeof length === 'number'
      ? Math.max((Math.ceil(length / slide.stride) - 1) * slide.stride + spanOf(slide) - length, 0)
      : spanOf(slide) - 1
  const small = Math.floor(total / 2)
  const before = autoPad === 'SAME_UPPER' ? small : total - small
  return { ...slide, before, after: total - before }
}

/**
 * How many windows fit: floor((length + pads - span) / stride) + 1, or ceil with `ceilMode`, where the last window may lie
 * over the end but must begin before it.
 * @throws {Error} where not even one does
 */
export function windowCount(length: Dim, slide: Slide, ceilMode = false): Dim {
  const { stride, before, after } = slide
  const span = spanOf(slide)
  if (typeof length !== 'number') return openCount(length, slide)
  const room = length + before + after - span
  if (room < 0) {
    const dilated = slide.dilation > 1 ? `${slide.kernel} (spread over ${span} by dilation ${slide.dilation})` : span
    const padding = before + after > 0 ? ` and ${before + after} of padding` : ''
    throw new Error(`a window of ${dilated} does not fit into an axis of length ${length}${padding}`)
  }
  if (!ceilMode) return Math.floor(room / stride) + 1
  const count = Math.ceil(room / stride) + 1
  return (count - 1) * stride >= length + before ? count - 1 : count
}

/** On an axis of unknown length: a sum with stride 1, else a symbol of its own. */
function openCount(length: string, slide: Slide): Dim {
  const margin = slide.before + slide.after - spanOf(slide) + 1
  const places = margin === 0 ? length : addDims([length, margin])
  return slide.stride === 1 ? places : `ceil(${String(places).replace(/^\((.*)\)$/, '$1')}, ${slide.stride})`
}

/** How much of an axis `count` windows take up, pads not counted: the inverse of `windowCount`, but for a rest. */
export function reachOf(slide: Slide, count: number): number {
  return slide.stride * (count - 1) + spanOf(slide) - slide.before - slide.after
}

/** Whether no place lies in two windows. */
export function areDisjoint(slides: readonly Slide[]): boolean {
  return slides.every((slide) => slide.stride >= spanOf(slide) || slide.kernel === 1)
}

/** `pads` as ONNX wants them. */
export function padsOf(slides: readonly Slide[]): number[] {
  return [...slides.map(({ before }) => before), ...slides.map(({ after }) => after)]
}

/** Whether windows lie side by side, without pads or gaps. */
export function areTiles(slides: readonly Slide[]): boolean {
  return slides.every(
    ({ kernel, stride, dilation, before, after }) => stride === kernel && dilation === 1 && before + after === 0,
  )
}
