/**
 * Constraints on the Euclidean norm along `axis`: 0 (the default) is the weights into each unit of a `Dense`, [0, 1, 2]
 * each filter of a `Conv2D`. Keras adds its epsilon (1e-7) to the norm that it divides by.
 * @see https://keras.io/api/layers/constraints/
 */
import { Type } from 'typebox'
import type { Builder } from '../../onnx/builder.ts'
import type { Real } from '../../onnx/value.ts'
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { defineConstraint } from './constraint.ts'

const epsilon = 1e-7

const AxisArgument = Type.Unsafe<number | readonly number[]>({
  anyOf: [Type.Integer(), Type.Array(Type.Integer(), { minItems: 1, maxItems: 8 })],
  default: 0,
})

const axesOf = (axis: number | readonly number[]): readonly number[] => (typeof axis === 'number' ? [axis] : axis)

function missingAxis({ axis }: { axis: number | readonly number[] }, { length }: readonly number[]): string | null {
  const missing = axesOf(axis).filter((one) => one < -length || one >= length)
  return missing.length === 0 ? null : `its constraint asks for the axis ${missing[0]}`
}

/** √Σw² along the axes, which stay with length 1. */
const normOf = (op: Builder, w: Real, axis: number | readonly number[]): Real =>
  op.Sqrt(op.ReduceSumSquare(w, op.ints(axesOf(axis)), { keepdims: 1 }))

/** w · wanted / (epsilon + norm) */
const scaledTo = (op: Builder, w: Real, norm: Real, wanted: Real): Real =>
  op.Mul(w, op.Div(wanted, op.Add(norm, op.scalar(epsilon, norm))))

/** Norms of at most `max_value`. */
export const maxNorm = defineConstraint({
  config: Strict({
    name: NameOf('max_norm', 'MaxNorm'),
    max_value: { ...NonNegative, default: 2 },
    axis: AxisArgument,
  }),
  misfit: (config, shape) => missingAxis(config, shape),
  apply: (op, w, { max_value, axis }) => {
    const norm = normOf(op, w, axis)
    return scaledTo(op, w, norm, op.Clip(norm, op.scalar(0, w), op.scalar(max_value, w)))
  },
})

/** Norms of 1. */
export const unitNorm = defineConstraint({
  config: Strict({ name: NameOf('unit_norm', 'UnitNorm'), axis: AxisArgument }),
  misfit: (config, shape) => missingAxis(config, shape),
  apply: (op, w, { axis }) => {
    const norm = normOf(op, w, axis)
    return op.Div(w, op.Add(norm, op.scalar(epsilon, norm)))
  },
})

/** Norms in [min_value, max_value]; a `rate` below 1 goes that part of the way with each update. */
export const minMaxNorm = defineConstraint({
  config: Strict({
    name: NameOf('min_max_norm', 'MinMaxNorm'),
    min_value: { ...NonNegative, default: 0 },
    max_value: { ...NonNegative, default: 1 },
    rate: Type.Number({ minimum: 0, maximum: 1, default: 1 }),
    axis: AxisArgument,
  }),
  misfit: (config, shape) => missingAxis(config, shape),
  apply: (op, w, { min_value, max_value, rate, axis }) => {
    const norm = normOf(op, w, axis)
    const inside = op.Clip(norm, op.scalar(min_value, w), op.scalar(max_value, w))
    const wanted = op.Add(op.Mul(inside, op.scalar(rate, w)), op.Mul(norm, op.scalar(1 - rate, w)))
    return scaledTo(op, w, norm, wanted)
  },
})
