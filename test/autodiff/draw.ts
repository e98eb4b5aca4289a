/** What fast-check draws for gradient tests: shapes of rank 0 to 4 with axes of length 1, now and then `batch`, and values. */
import fc from 'fast-check'
import type { Builder } from '../../src/onnx/builder.ts'
import type { Dim, Shape } from '../../src/onnx/dims.ts'
import { elementCount } from '../../src/onnx/tensor.ts'
import type { Real, RealType, Value } from '../../src/onnx/value.ts'
import { createRandom, deriveKey, permutation, type Random } from '../../src/random.ts'
import type { Trial } from '../support/check-vjp.ts'

/** The values of all inputs together: one list of numbers per element count. */
export type Values = (random: Random, counts: readonly number[]) => number[][]

const each = (draw: (random: Random, input: number) => number): Values => {
  return (random, counts) => counts.map((count, input) => Array.from({ length: count }, () => draw(random, input)))
}
const between = (low: number, high: number) => (random: Random) => low + (high - low) * random.uniform()
/** At least 0.2 away from -1, 0 and 1. */
export const notOne = (random: Random) => sign(random) * ((random.uniform() < 0.5 ? 0.2 : 1.2) + 0.6 * random.uniform())
const sign = (random: Random) => (random.uniform() < 0.5 ? -1 : 1)

export const smooth = each(between(-2, 2))
export const positive = each(between(0.3, 2))
/** At least 0.2 away from a kink at 0. */
export const awayFromZero = each((random) => sign(random) * between(0.2, 2)(random))
export const awayFromOne = each((random) => notOne(random))
export const inInterval = (low: number, high: number) => each(between(low, high))
export const perInput = (...draws: ((random: Random) => number)[]) =>
  each((random, input) => (draws[input] as (random: Random) => number)(random))
export const interval = between
export { sign }

/** All elements of all inputs at least 0.1 apart: no ties. */
export const distinct: Values = (random, counts) => {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const order = Array.from(permutation(total, random), (place) => (place - total / 2) * 0.1)
  return counts.map((count) => order.splice(0, count))
}

export const length: fc.Arbitrary<number> = fc.constantFrom(1, 2, 3, 4)

/** Numbers only. */
export function fixedShape(minRank = 0, maxRank = 4): fc.Arbitrary<number[]> {
  return fc.array(fc.constantFrom(1, 2, 3), { minLength: minRank, maxLength: maxRank })
}

/** The first axis is `batch` half of the time. */
export function anyShape(minRank = 0, maxRank = 4): fc.Arbitrary<Dim[]> {
  return fc
    .tuple(fixedShape(minRank, maxRank), fc.boolean())
    .map(([shape, open]) => (open && shape.length > 0 ? ['batch', ...shape.slice(1)] : shape))
}

/** Shapes that broadcast together: axes shortened to 1, leading axes left out. */
export function broadcastable(count: number, whole = anyShape()): fc.Arbitrary<Shape[]> {
  const part = fc.record({ left: fc.nat(2), short: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }) })
  return fc
    .tuple(whole, fc.array(part, { minLength: count, maxLength: count }))
    .map(([shape, parts]) =>
      parts.map(({ left, short }) => shape.map((dim, axis) => (short[axis] ? 1 : dim)).slice(left)),
    )
}

/** As many as the plan has shapes; typed for the first three, so that they can be taken apart. */
type Inputs = readonly [Real, Real, Real, ...Real[]]

/** What a test of an operator draws, besides the values: the shapes of its inputs, and whatever its attributes need. */
export interface Plan {
  readonly shapes: readonly Shape[]
}

export interface Draw<P extends Plan> {
  readonly plan: fc.Arbitrary<P>
  readonly values: Values
  /** The operator at work; `dims` are the shapes with `batch` bound, `random` is for attributes. */
  readonly call: (
    op: Builder,
    xs: Inputs,
    context: P & { readonly dims: readonly number[][]; readonly random: Random },
  ) => Value | readonly Value[]
  /** Element types to draw from; both by default. */
  readonly types?: readonly RealType[]
  readonly freshSessions?: boolean
}

/** An arbitrary of trials. */
export function trials<P extends Plan>({ plan, values, call, types, freshSessions }: Draw<P>): fc.Arbitrary<Trial> {
  const drawn = fc.record({
    plan,
    type: fc.constantFrom(...(types ?? (['float32', 'float64'] as const))),
    batch: fc.constantFrom(1, 2, 3),
    seed: fc.nat(1e9),
  })
  return drawn.map(({ plan: given, type, batch, seed }) => {
    const dims = given.shapes.map((shape) => shape.map((dim) => (dim === 'batch' ? batch : Number(dim))))
    const lists = values(createRandom(deriveKey(seed, 'values')), dims.map(elementCount))
    return {
      type,
      seed,
      inputs: given.shapes.map((shape, i) => ({ shape, dims: dims[i] as number[], values: lists[i] as number[] })),
      build: (op, xs) => {
        const result = call(op, xs as Inputs, { ...given, dims, random: createRandom(deriveKey(seed, 'attributes')) })
        return Array.isArray(result) ? result : [result as Value]
      },
      ...(freshSessions ? { freshSessions } : {}),
    }
  })
}

/** One input of any shape. */
export function unary(
  values: Values,
  call: Draw<Plan>['call'],
  { types, minRank = 0 }: { types?: readonly RealType[]; minRank?: number } = {},
): fc.Arbitrary<Trial> {
  const plan = anyShape(minRank).map((shape) => ({ shapes: [shape] }))
  return trials({ plan, values, call, ...(types ? { types } : {}) })
}

/** Several inputs that broadcast. */
export function broadcasting(count: number, values: Values, call: Draw<Plan>['call']): fc.Arbitrary<Trial> {
  return trials({ plan: broadcastable(count).map((shapes) => ({ shapes })), values, call })
}
