/** Shape rules of the operators that slide over spatial axes: [batch, channels, …spatial]. */
import { type Dim, divideDims, formatShape, multiplyDims, type Shape, sameShape } from '../dims.ts'
import type { Value } from '../value.ts'
import { reachOf, type Slide, slidesOf, type WindowAttributes, windowCount } from '../windows.ts'
import { misfit, need, numberAttribute, numbersOf, type RuleArguments, type ShapeRule, sameType } from './rule.ts'

const windowAttributes = ({ attributes }: RuleArguments) => attributes as WindowAttributes

/** Batch, channels and the rest. */
function imageOf(node: RuleArguments, index = 0): { x: Value; batch: Dim; channels: Dim; spatial: Shape } {
  const x = need(node, index)
  const [batch, channels, ...spatial] = x.shape
  if (batch === undefined || channels === undefined || spatial.length === 0) {
    throw new Error(`takes [batch, channels, …spatial axes], received ${formatShape(x.shape)}`)
  }
  return { x, batch, channels, spatial }
}

/** The kernel's lengths: those of the weights, which `kernel_shape` may repeat. */
function kernelOf(node: RuleArguments, w: Value): number[] {
  const kernel = w.shape.slice(2).map((dim) => {
    if (typeof dim !== 'number') throw new Error(`the kernel's lengths must be known, received ${formatShape(w.shape)}`)
    return dim
  })
  const stated = windowAttributes(node).kernel_shape
  if (stated && !sameShape(stated, kernel)) throw misfit('kernel_shape differs from the weights', stated, w.shape)
  return kernel
}

function checkBias(node: RuleArguments, x: Value, filters: Dim): void {
  const b = node.inputs[2]
  if (!b) return
  sameType(x, b)
  if (!sameShape(b.shape, [filters])) throw misfit(`one bias for each of ${filters} filters`, b.shape, [filters])
}

/** Weights [filters, channels / group, …kernel]. */
const conv: ShapeRule = (node) => {
  const { x, batch, channels, spatial } = imageOf(node)
  const w = need(node, 1)
  sameType(x, w)
  if (w.shape.length !== x.shape.length) throw misfit('input and weights differ in rank', x.shape, w.shape)
  const [filters, perGroup] = w.shape as [Dim, Dim]
  const group = numberAttribute(node, 'group', 1)
  if (multiplyDims([perGroup, group]) !== channels) {
    const groups = group === 1 ? '' : ` in each of ${group} groups`
    throw new Error(`the input has ${channels} channels, the weights ${formatShape(w.shape)} take ${perGroup}${groups}`)
  }
  if (divideDims(filters, group) === null) throw new Error(`${filters} filters do not divide into ${group} groups`)
  checkBias(node, x, filters)
  const slides = slidesOf(windowAttributes(node), kernelOf(node, w), spatial)
  return [{ type: x.type, shape: [batch, filters, ...spatial.map((n, i) => windowCount(n, slides[i] as Slide))] }]
}

/** Length of a transposed convolution: stride·(length - 1) + output_padding + span - pads. */
function spreadLength(length: Dim, slide: Slide, outputPadding: number): Dim {
  const { before, after } = slide
  if (typeof length !== 'number') throw new Error(`the lengths of the input must be known, received ${length}`)
  const result = reachOf(slide, length) + outputPadding
  if (result < 1) throw new Error(`the pads ${before} and ${after} leave nothing of an axis of length ${length}`)
  return result
}

/** Weights [channels, filters / group, …kernel]. */
const convTranspose: ShapeRule = (node) => {
  const { x, batch, channels, spatial } = imageOf(node)
  const w = need(node, 1)
  sameType(x, w)
  const { auto_pad: autoPad = 'NOTSET' } = windowAttributes(node)
  if (node.attributes.output_shape || !['NOTSET', 'VALID'].includes(autoPad)) {
    throw new Error('give pads and output_padding; output_shape and auto_pad are not read')
  }
  if (w.shape.length !== x.shape.length) throw misfit('input and weights differ in rank', x.shape, w.shape)
  if (w.shape[0] !== channels) throw misfit(`the weights take other than ${channels} channels`, x.shape, w.shape)
  const group = numberAttribute(node, 'group', 1)
  if (divideDims(channels, group) === null) throw new Error(`${channels} channels do not divide into ${group} groups`)
  const filters = multiplyDims([w.shape[1] as Dim, group])
  checkBias(node, x, filters)
  const slides = slidesOf(windowAttributes(node), kernelOf(node, w), spatial)
  const extra = (node.attributes.output_padding as readonly number[] | undefined) ?? spatial.map(() => 0)
  const lengths = slides.map((slide, i) => {
    const padding = extra[i] ?? 0
    if (padding < 0 || padding >= slide.stride) {
      throw new Error(`output_padding must be at least 0 and below the stride ${slide.stride}, received ${padding}`)
    }
    return spreadLength(spatial[i] as Dim, slide, padding)
  })
  return [{ type: x.type, shape: [batch, filters, ...lengths] }]
}

function pooledShape(node: RuleArguments): Shape {
  const { batch, channels, spatial } = imageOf(node)
  const slides = slidesOf(windowAttributes(node), windowAttributes(node).kernel_shape ?? [], spatial)
  for (const { kernel, before, after } of slides) {
    if (Math.max(before, after) >= kernel) {
      throw new Error(`padding must be shorter than the window of ${kernel}, received ${before} and ${after}`)
    }
  }
  const ceil = numberAttribute(node, 'ceil_mode', 0) === 1
  return [batch, channels, ...spatial.map((n, i) => windowCount(n, slides[i] as Slide, ceil))]
}

/** `indices` count through the whole input, row-major. */
const maxPool: ShapeRule = (node) => {
  const shape = pooledShape(node)
  return [
    { type: need(node, 0).type, shape },
    { type: 'int64', shape },
  ]
}

const averagePool: ShapeRule = (node) => [{ type: need(node, 0).type, shape: pooledShape(node) }]

const globalPool: ShapeRule = (node) => {
  const { x, batch, channels, spatial } = imageOf(node)
  return [{ type: x.type, shape: [batch, channels, ...spatial.map(() => 1)] }]
}

/** Of the shape given; else as long as windows that end where the input ends. */
const maxUnpool: ShapeRule = (node) => {
  const { x, batch, channels, spatial } = imageOf(node)
  const indices = need(node, 1)
  if (!sameShape(x.shape, indices.shape)) throw misfit('one index for each element', x.shape, indices.shape)
  const target = node.inputs[2]
  if (target) {
    if (!target.contents) throw new Error('the shape of the output must be known when the graph is built')
    return [{ type: x.type, shape: target.contents }]
  }
  const slides = slidesOf(windowAttributes(node), windowAttributes(node).kernel_shape ?? [], spatial)
  return [
    { type: x.type, shape: [batch, channels, ...slides.map((slide, i) => spreadLength(spatial[i] as Dim, slide, 0))] },
  ]
}

/** `sizes` or `scales` for the axes named; an axis of unknown length stays as it is. */
const resize: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const axes = (node.attributes.axes as readonly number[] | undefined) ?? shape.map((_, axis) => axis)
  const factors = node.inputs[2]?.data
  const result = [...shape]
  if (node.inputs[3]) {
    numbersOf(node, 3, 'sizes').forEach((size, i) => {
      result[axes[i] as number] = size
    })
  } else if (factors && factors.type !== 'string') {
    axes.forEach((axis, i) => {
      result[axis] = scaled(shape[axis] as Dim, Number(factors.data[i]))
    })
  } else {
    throw new Error('scales or sizes must be known when the graph is built')
  }
  return [{ type, shape: result }]
}

function scaled(length: Dim, factor: number): Dim {
  if (typeof length === 'number') return Math.floor(length * factor)
  if (factor !== 1) throw new Error(`an axis of unknown length (${length}) cannot be resized by ${factor}`)
  return length
}

export const spatialShapes = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: maxPool,
  MaxUnpool: maxUnpool,
  AveragePool: averagePool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Resize: resize,
} satisfies Record<string, ShapeRule>
