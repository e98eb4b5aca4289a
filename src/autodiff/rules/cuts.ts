/** Gradient rules of `Slice` and `Pad`: each is undone by the other, or by a scatter where elements are skipped or repeated. */
import type { Builder } from '../../onnx/builder.ts'
import { normalizeAxis } from '../../onnx/dims.ts'
import { tensorOf } from '../../onnx/tensor.ts'
import type { Index, Real, Value } from '../../onnx/value.ts'
import { padAxes } from '../pad-axes.ts'
import { lengthOf, shapeWithAxisOf } from '../shapes.ts'
import type { VjpRules } from '../vjp.ts'

export const cuts = {
  Slice: (op, { inputs: [x, starts, ends, axes, steps], outputs: [y] }, dy) => {
    const cut = axesOf(axes, x, known(starts).length).map((axis, i) => ({
      axis,
      start: known(starts)[i] as number,
      end: known(ends)[i] as number,
      step: steps ? (known(steps)[i] as number) : 1,
    }))
    const padded = cut.filter((part) => isRun(part, x))
    const scattered = cut.filter((part) => !isRun(part, x) && !isWhole(part, x, y))
    const dx = scattered.reduce((result, part) => scatterCut(op, result, x, part), padZeros(op, dy, x, y, padded))
    return [dx, null, null, null, null]
  },
  Pad: (op, { inputs: [x, pads, , axes], attributes: { mode = 'constant' } }, dy) => {
    const padded = axesOf(axes, x, x.shape.length)
    if (mode !== 'constant') return [foldBack(op, dy, x, known(pads), padded, mode), null, null, null]
    const cut = known(pads).map((pad) => -pad)
    const dx = padAxes(op, dy, padded, cut.slice(0, padded.length), cut.slice(padded.length))
    const outside = op.Sub(op.ReduceSum(dy, null, { keepdims: 0 }), op.ReduceSum(dx, null, { keepdims: 0 }))
    return [dx, null, outside, null]
  },
} satisfies VjpRules<'Slice' | 'Pad'>

interface Cut {
  readonly axis: number
  readonly start: number
  readonly end: number
  readonly step: number
}

/** Numbers that the shape rule has found to be known. */
function known({ contents }: Index): number[] {
  return (contents ?? []).map(Number)
}

function axesOf(axes: Index | null, x: Value, count: number): number[] {
  const given = axes ? known(axes) : Array.from({ length: count }, (_, axis) => axis)
  return given.map((axis) => normalizeAxis(axis, x.shape.length))
}

/** Neighbours from an axis of known length. */
function isRun({ axis, step }: Cut, x: Value): boolean {
  return step === 1 && typeof x.shape[axis] === 'number'
}

/** All of an axis in its order. */
function isWhole({ axis, step }: Cut, x: Value, y: Value): boolean {
  return step === 1 && x.shape[axis] === y.shape[axis]
}

function padZeros(op: Builder, dy: Real, x: Value, y: Value, cut: readonly Cut[]): Real {
  if (cut.length === 0) return dy
  const before = cut.map(({ axis, start }) => {
    const length = Number(x.shape[axis])
    return Math.min(Math.max(start < 0 ? start + length : start, 0), length)
  })
  const after = cut.map(({ axis }, i) => Number(x.shape[axis]) - Number(y.shape[axis]) - (before[i] as number))
  const axes = cut.map(({ axis }) => axis)
  return padAxes(op, dy, axes, before, after)
}

function scatterCut(op: Builder, dy: Real, x: Value, { axis, start, end, step }: Cut): Real {
  const places = op.Slice(positions(op, x, axis), op.ints([start]), op.ints([end]), op.ints([0]), op.ints([step]))
  return scatterAlong(op, dy, x, axis, places)
}

/** Padding by repeated elements: the positions are padded in the same way, which tells where each cotangent goes. */
function foldBack(
  op: Builder,
  dy: Real,
  x: Value,
  pads: readonly number[],
  axes: readonly number[],
  mode: string,
): Real {
  return axes.reduce((result, axis, i) => {
    const ends = op.ints([pads[i] ?? 0, pads[i + axes.length] ?? 0])
    return scatterAlong(op, result, x, axis, op.Pad(positions(op, x, axis), ends, null, null, { mode }))
  }, dy)
}

/** 0, 1, 2, … along an axis of `x`. */
function positions(op: Builder, x: Value, axis: number): Value<'int64'> {
  const int = (value: number) => op.constant(tensorOf('int64', [value], []))
  return op.Range(int(0), lengthOf(op, x, axis), int(1))
}

/** Adds `dy` into zeros as long as `x` on one axis: element i of that axis goes to `places[i]`. */
function scatterAlong(op: Builder, dy: Real, x: Value, axis: number, places: Value<'int64'>): Real {
  const zeros = op.ConstantOfShape(shapeWithAxisOf(op, dy, x, axis), { value: tensorOf(dy.type, [0]) })
  const column = op.Unsqueeze(places, op.ints(dy.shape.flatMap((_, i) => (i === axis ? [] : [i]))))
  const indices = op.Expand(column, op.Shape(dy, {}))
  return op.ScatterElements(zeros, indices, dy, { axis, reduction: 'add' })
}
