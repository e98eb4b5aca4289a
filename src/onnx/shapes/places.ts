/** Shape rules of the operators that move elements: reshape, transpose, join, cut, gather, scatter. */
import {
  addDims,
  broadcastShapes,
  type Dim,
  divideDims,
  fixedShape,
  formatShape,
  multiplyDims,
  normalizeAxis,
  type Shape,
  sameShape,
} from '../dims.ts'
import type { Tensor } from '../tensor.ts'
import {
  axesOf,
  contentsOf,
  dimAt,
  misfit,
  need,
  numberAttribute,
  numbersOf,
  type ShapeRule,
  sameType,
} from './rule.ts'

const shapeOf: ShapeRule = (node) => {
  const { shape } = need(node, 0)
  const contents = shape.slice(numberAttribute(node, 'start', 0), numberAttribute(node, 'end', shape.length))
  return [{ type: 'int64', shape: [contents.length], contents }]
}

const size: ShapeRule = (node) => [{ type: 'int64', shape: [], contents: [multiplyDims(need(node, 0).shape)] }]

/** `0` copies the axis of the input, `-1` takes what is left. */
const reshape: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const target = contentsOf(node, 1, 'the target shape').map((dim, axis) => (dim === 0 ? dimAt(shape, axis) : dim))
  const total = multiplyDims(shape)
  const known = multiplyDims(target.filter((dim) => dim !== -1))
  const open = target.indexOf(-1)
  if (open < 0) {
    if (known !== total) throw misfit('the number of elements differs', shape, target)
    return [{ type, shape: target }]
  }
  const rest = divideDims(total, known)
  if (rest === null) throw misfit('the number of elements does not divide', shape, target)
  return [{ type, shape: target.map((dim, axis) => (axis === open ? rest : dim)) }]
}

const flatten: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const axis = numberAttribute(node, 'axis', 1)
  const at = axis < 0 ? axis + shape.length : axis
  return [{ type, shape: [multiplyDims(shape.slice(0, at)), multiplyDims(shape.slice(at))] }]
}

const squeeze: ShapeRule = (node) => {
  const { type, shape, contents } = need(node, 0)
  if (!node.inputs[1] && !fixedShape(shape)) {
    throw new Error(
      `name the axes: without them an open axis of ${formatShape(shape)} would vanish whenever its length is 1`,
    )
  }
  const axes = axesOf(node, 1, shape.length, () => shape.flatMap((dim, axis) => (dim === 1 ? [axis] : [])))
  for (const axis of axes) {
    if (shape[axis] !== 1) throw new Error(`axis ${axis} of ${formatShape(shape)} has not length 1`)
  }
  return [{ type, shape: shape.filter((_, axis) => !axes.includes(axis)), contents }]
}

const unsqueeze: ShapeRule = (node) => {
  const { type, shape, contents } = need(node, 0)
  const added = numbersOf(node, 1, 'axes')
  const rank = shape.length + added.length
  const axes = added.map((axis) => normalizeAxis(axis, rank))
  const rest = [...shape]
  const result = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : (rest.shift() as Dim)))
  return [{ type, shape: result, contents: rank <= 1 ? contents : null }]
}

const expand: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const target = contentsOf(node, 1, 'the target shape')
  const result = broadcastShapes(shape, target)
  if (!result) throw misfit('the shape does not expand', shape, target)
  return [{ type, shape: result }]
}

const tile: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const repeats = contentsOf(node, 1, 'the repeats')
  if (repeats.length !== shape.length) throw misfit('one repeat per axis', shape, repeats)
  return [{ type, shape: shape.map((dim, axis) => multiplyDims([dim, repeats[axis] as Dim])) }]
}

const transpose: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  // other writers leave out the order that reverses all axes
  const perm =
    (node.attributes.perm as readonly number[] | undefined) ?? shape.map((_, axis) => shape.length - 1 - axis)
  if (perm.length !== shape.length || new Set(perm).size !== shape.length) {
    throw new Error(`perm [${perm}] does not order the axes of ${formatShape(shape)}`)
  }
  return [{ type, shape: perm.map((axis) => dimAt(shape, axis)) }]
}

const concat: ShapeRule = (node) => {
  const first = need(node, 0)
  const values = node.inputs.filter((input) => input !== null)
  const axis = normalizeAxis(numberAttribute(node, 'axis', 0), first.shape.length)
  const others = (shape: Shape) => shape.filter((_, i) => i !== axis)
  for (const value of values) {
    sameType(first, value)
    if (!sameShape(others(first.shape), others(value.shape))) {
      throw misfit(`shapes differ outside of axis ${axis}`, first.shape, value.shape)
    }
  }
  const length = addDims(values.map((value) => value.shape[axis] as Dim))
  const contents = values.every((value) => value.contents) ? values.flatMap((value) => value.contents as Shape) : null
  return [{ type: first.type, shape: first.shape.map((dim, i) => (i === axis ? length : dim)), contents }]
}

const split: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const axis = normalizeAxis(numberAttribute(node, 'axis', 0), shape.length)
  const sizes = contentsOf(node, 1, 'the sizes')
  if (addDims(sizes) !== shape[axis]) throw misfit(`the sizes do not add up to axis ${axis}`, shape, sizes)
  return sizes.map((length) => ({ type, shape: shape.map((dim, i) => (i === axis ? length : dim)) }))
}

/** The length of `start:end:step` on an axis of `length`. */
function sliceLength(length: number, start: number, end: number, step: number): number {
  const clamp = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + length : at, low), high)
  return step > 0
    ? Math.max(0, Math.ceil((clamp(end, 0, length) - clamp(start, 0, length)) / step))
    : Math.max(0, Math.ceil((clamp(end, -1, length - 1) - clamp(start, 0, length - 1)) / step))
}

const slice: ShapeRule = (node) => {
  const { type, shape, contents } = need(node, 0)
  const starts = numbersOf(node, 1, 'starts')
  const ends = numbersOf(node, 2, 'ends')
  const axes = axesOf(node, 3, shape.length, () => starts.map((_, i) => i))
  const steps = node.inputs[4] ? numbersOf(node, 4, 'steps') : starts.map(() => 1)
  const result = [...shape]
  axes.forEach((axis, i) => {
    const dim = result[axis] as Dim
    const [start, end, step] = [starts[i] as number, ends[i] as number, steps[i] as number]
    if (typeof dim === 'number') result[axis] = sliceLength(dim, start, end, step)
    else if (!(start === 0 && end >= 2 ** 31 && step === 1) && !(step === -1 && start === -1)) {
      result[axis] = `${dim}[${start}:${end}:${step}]`
    }
  })
  const kept =
    contents && steps[0] === 1 && axes.length === 1 ? contents.slice(starts[0] as number, ends[0] as number) : null
  return [{ type, shape: result, contents: kept }]
}

const pad: ShapeRule = (node) => {
  const { type, shape } = need(node, 0)
  const pads = numbersOf(node, 1, 'pads')
  const axes = axesOf(node, 3, shape.length, () => shape.map((_, axis) => axis))
  if (pads.length !== 2 * axes.length) throw new Error(`two pads per axis, received ${pads.length} for ${axes.length}`)
  const result = [...shape]
  axes.forEach((axis, i) => {
    result[axis] = addDims([result[axis] as Dim, (pads[i] as number) + (pads[i + axes.length] as number)])
  })
  return [{ type, shape: result }]
}

const gather: ShapeRule = (node) => {
  const [data, indices] = [need(node, 0), need(node, 1)]
  const axis = normalizeAxis(numberAttribute(node, 'axis', 0), data.shape.length)
  const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)]
  const known = data.contents && indices.contents
  const contents = known ? (indices.contents as readonly number[]).map((at) => dimAt(data.contents as Shape, at)) : null
  return [{ type: data.type, shape, contents }]
}

const gatherElements: ShapeRule = (node) => [{ type: need(node, 0).type, shape: need(node, 1).shape }]

const scatterElements: ShapeRule = (node) => {
  const [data, indices, updates] = [need(node, 0), need(node, 1), need(node, 2)]
  sameType(data, updates)
  if (!sameShape(indices.shape, updates.shape)) {
    throw misfit('indices and updates differ in shape', indices.shape, updates.shape)
  }
  return [{ type: data.type, shape: data.shape }]
}

/** Updates are [places…, rest…] where indices are [places…, k] and the data's axes from k on are the rest. */
const scatterND: ShapeRule = (node) => {
  const [data, indices, updates] = [need(node, 0), need(node, 1), need(node, 2)]
  sameType(data, updates)
  const taken = indices.shape.at(-1)
  if (typeof taken !== 'number') throw misfit('the last axis of the indices is open', indices.shape, data.shape)
  const expected = [...indices.shape.slice(0, -1), ...data.shape.slice(taken)]
  if (!sameShape(expected, updates.shape)) throw misfit('updates do not fit', expected, updates.shape)
  return [{ type: data.type, shape: data.shape }]
}

const oneHot: ShapeRule = (node) => {
  const { shape } = need(node, 0)
  const [depth] = contentsOf(node, 1, 'the depth')
  const rank = shape.length + 1
  const axis = normalizeAxis(numberAttribute(node, 'axis', -1), rank)
  return [{ type: need(node, 2).type, shape: [...shape.slice(0, axis), depth as Dim, ...shape.slice(axis)] }]
}

const range: ShapeRule = (node) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => need(node, i).contents?.[0])
  const length =
    typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number'
      ? Math.max(0, Math.ceil((limit - start) / delta))
      : start === 0 && delta === 1 && limit !== undefined
        ? limit
        : 'range'
  return [{ type: need(node, 0).type, shape: [length] }]
}

const constantOfShape: ShapeRule = (node) => {
  const shape = contentsOf(node, 0, 'the shape')
  return [{ type: (node.attributes.value as Tensor).type, shape }]
}

export const placeShapes = {
  Shape: shapeOf,
  Size: size,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  OneHot: oneHot,
  Range: range,
  ConstantOfShape: constantOfShape,
} satisfies Record<string, ShapeRule>
