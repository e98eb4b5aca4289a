/** Gradient test inputs of the operators that move or choose elements. */
import fc from 'fast-check'
import { type Dim, fixedShape as fixed, type Shape } from '../../../src/onnx/dims.ts'
import { elementCount, tensorOf } from '../../../src/onnx/tensor.ts'
import { permutation, type Random } from '../../../src/random.ts'
import {
  anyShape,
  awayFromZero,
  broadcastable,
  distinct,
  fixedShape,
  perInput,
  smooth,
  trials,
  unary,
} from '../draw.ts'

const integers = (random: Random, count: number, below: number) =>
  Array.from({ length: count }, () => random.integer(below))

const oneOf = <T>(random: Random, choices: readonly T[]): T => choices[random.integer(choices.length)] as T

/** Shapes alike but for one axis, which may be open where the first is not. */
const joined = fc
  .record({
    shape: anyShape(1),
    at: fc.nat(3),
    lengths: fc.array(fc.constantFrom(1, 2, 3), { minLength: 1, maxLength: 3 }),
  })
  .map(({ shape, at, lengths }) => {
    const axis = at % shape.length
    return { axis, shapes: [shape, ...lengths.slice(1).map((length) => shape.with(axis, length))] as Shape[] }
  })

const moves = {
  Reshape: unary(smooth, (op, [x], { dims: [dims = []], random }) => {
    const target = oneOf(random, [
      [-1],
      [...x.shape.map(() => 0), 1],
      [0, -1, 1],
      [-1, typeof x.shape.at(-1) === 'number' ? (dims.at(-1) ?? 1) : 1],
    ])
    return op.Reshape(x, op.ints(x.shape.length === 0 ? [1, 1] : target))
  }),
  Flatten: unary(smooth, (op, [x], { random }) => op.Flatten(x, { axis: random.integer(x.shape.length + 1) })),
  Squeeze: trials({
    plan: anyShape().map((shape) => ({
      shapes: [[...shape.slice(0, 2), 1, ...shape.slice(2)]],
      axis: Math.min(2, shape.length),
    })),
    values: smooth,
    call: (op, [x], { axis, random }) => op.Squeeze(x, random.integer(2) || !fixed(x.shape) ? op.ints([axis]) : null),
  }),
  Unsqueeze: unary(smooth, (op, [x], { random }) =>
    op.Unsqueeze(x, op.ints(oneOf(random, [[0], [-1], [0, 2].slice(0, x.shape.length + 1)]))),
  ),
  Expand: trials({
    plan: broadcastable(2).map((shapes) => ({ shapes })),
    values: smooth,
    call: (op, [x, like]) => op.Expand(x, op.Shape(like, {})),
  }),
  Tile: unary(smooth, (op, [x], { random }) => op.Tile(x, op.ints(x.shape.map(() => 1 + random.integer(3))))),
  Transpose: unary(smooth, (op, [x], { random }) =>
    op.Transpose(x, { perm: [...permutation(x.shape.length, random)] }),
  ),
  Concat: trials({ plan: joined, values: smooth, call: (op, xs, { axis }) => op.Concat(xs, { axis }) }),
  Split: trials({
    plan: joined.map(({ axis, shapes: [first = []] }) => ({ axis, shapes: [first.with(axis, 4)] })),
    values: smooth,
    call: (op, [x], { axis, random }) => {
      // a part left out has no cotangent
      const parts = op.Split(x, op.ints([1, 2, 1]), { axis })
      return random.integer(2) ? parts : parts.slice(0, 2)
    },
  }),
}

/** Ranges on some axes of known length, runs and strides in both directions; the open axis whole, reversed or cut. */
function ranges(dims: readonly number[], shape: Shape, random: Random) {
  return dims.flatMap((length, axis) => {
    if (random.integer(2)) return []
    const open = typeof shape[axis] === 'string'
    const step = oneOf(random, [1, 1, 2, -1, -2])
    if (open && random.integer(2)) return [{ axis, start: 0, end: 2 ** 31, step: 1 }]
    const [low, high] = [random.integer(length), length - random.integer(length)]
    return [
      step > 0
        ? { axis, start: oneOf(random, [low, low - length]), end: Math.max(high, low + 1), step }
        : { axis: axis - dims.length, start: -1 - random.integer(length), end: -(2 ** 31), step },
    ]
  })
}

const cuts = {
  Slice: unary(
    smooth,
    (op, [x], { dims: [dims = []], random }) => {
      const parts = ranges(dims, x.shape, random)
      const column = (key: 'axis' | 'start' | 'end' | 'step') => op.ints(parts.map((part) => part[key]))
      if (parts.length === 0) return op.Slice(x, op.ints([0]), op.ints([1]), op.ints([-1]), null)
      return op.Slice(x, column('start'), column('end'), column('axis'), column('step'))
    },
    { minRank: 1 },
  ),
  Pad: fc.oneof(
    trials({
      plan: fc
        .record({ shape: anyShape(1), pads: fc.array(fc.constantFrom(-1, 0, 1, 2), { minLength: 8, maxLength: 8 }) })
        .map(({ shape, pads }) => ({
          shapes: [shape.map((dim) => (typeof dim === 'number' ? dim + 2 : dim)), [] as Dim[]],
          pads,
        })),
      values: smooth,
      call: (op, [x, value], { pads, random }) => {
        // an open axis is not cut, for it may be as short as 1
        const kept = (pad: number, axis: number) =>
          typeof x.shape[axis % x.shape.length] === 'string' ? Math.abs(pad) : pad
        const all = pads.slice(0, 2 * x.shape.length).map(kept)
        if (random.integer(2)) return op.Pad(x, op.ints(all), value, null, {})
        return op.Pad(x, op.ints([1, 2]), null, op.ints([x.shape.length - 1]), {})
      },
    }),
    ...(['reflect', 'edge', 'wrap'] as const).map((mode) =>
      trials({
        plan: fixedShape(1, 3).map((shape) => ({ shapes: [shape.map((dim) => dim + 2)] })),
        values: smooth,
        call: (op, [x], { random }) =>
          op.Pad(x, op.ints(integers(random, 2 * x.shape.length, 3)), null, null, { mode }),
      }),
    ),
  ),
}

/** `data` and the shape of indices into one of its axes. */
const gathered = fc
  .record({ shape: anyShape(1, 3), at: fc.nat(2), indices: fixedShape(0, 2) })
  .map(({ shape, at, indices }) => ({ shapes: [shape], axis: at % shape.length, indices }))

/** Indices of every element's own position moved along `axis`: all different on that axis, as `none` demands. */
const scattered = fc
  .record({ shape: fixedShape(1, 3), at: fc.nat(2), count: fc.constantFrom(1, 2) })
  .map(({ shape, at, count }) => {
    const axis = at % shape.length
    return { shapes: [shape, shape.with(axis, Math.min(count, shape[axis] ?? 1))], axis }
  })

type Reductions = 'none' | 'add' | 'mul' | 'max' | 'min'

const choices = {
  Gather: fc.oneof(
    trials({
      plan: gathered,
      values: smooth,
      call: (op, [data], { axis, indices, dims: [dims = []], random }) => {
        const length = dims[axis] ?? 1
        const places = integers(random, elementCount(indices), 2 * length).map((i) => i - length)
        return op.Gather(data, op.constant(tensorOf('int64', places, indices)), { axis })
      },
    }),
    // an embedding: rows by a batch of ids, which have no gradient
    trials({
      plan: fc.constant({
        shapes: [
          [3, 2],
          ['batch', 4],
        ] as Shape[],
      }),
      values: perInput(
        (random) => random.uniform(),
        (random) => random.integer(3) + 0.5,
      ),
      call: (op, [table, ids]) => op.Gather(table, op.Cast(ids, { to: 'int32' }), {}),
    }),
  ),
  GatherElements: trials({
    plan: gathered,
    values: smooth,
    call: (op, [data], { axis, dims: [dims = []], random }) => {
      const length = dims[axis] ?? 1
      const shape = dims.with(axis, 4)
      return op.GatherElements(
        data,
        op.constant(tensorOf('int64', integers(random, elementCount(shape), length), shape)),
        { axis },
      )
    },
  }),
  ScatterElements: fc.oneof(
    ...(['none', 'add', 'mul', 'max', 'min'] as const).map((reduction: Reductions) =>
      trials({
        plan: scattered,
        values: reduction === 'mul' ? awayFromZero : distinct,
        call: (op, [data, updates], { axis, dims: [dims = [], part = []], random }) => {
          const stride = elementCount(part.slice(axis + 1))
          const places = Array.from(
            { length: elementCount(part) },
            (_, i) => Math.floor(i / stride) % (part[axis] ?? 1),
          )
          const repeated = reduction !== 'none' && random.integer(2) === 1
          const at = repeated ? places.map(() => (dims[axis] ?? 1) - 1) : places
          return op.ScatterElements(data, op.constant(tensorOf('int64', at, part)), updates, { axis, reduction })
        },
      }),
    ),
  ),
  OneHot: trials({
    plan: fc.record({ indices: fixedShape(1, 3) }).map(({ indices }) => ({ shapes: [[2]], indices })),
    values: smooth,
    call: (op, [values], { indices, random }) => {
      const classes = tensorOf('int64', integers(random, elementCount(indices), 3), indices)
      return op.OneHot(op.constant(classes), op.ints([3]), values, { axis: oneOf(random, [-1, 0]) })
    },
    types: ['float32'],
  }),
  Range: trials({
    plan: fc.constant({ shapes: [[], [], []] as Shape[] }),
    // the limit stays half a step away from another count
    values: (random) => {
      const [start, delta] = [random.uniform(), 0.5 + random.uniform()]
      return [[start], [start + delta * 3.5], [delta]]
    },
    call: (op, [start, limit, delta]) => op.Range(start, limit, delta),
  }),
}

export const placeInputs = { ...moves, ...cuts, ...choices }
