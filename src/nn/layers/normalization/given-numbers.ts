/** Arguments that are one number for everything, or one for each place of an axis. */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import { tensorOf } from '../../../onnx/tensor.ts'
import type { Real } from '../../../onnx/value.ts'
import { along } from './axes.ts'

export type Numbers = number | readonly number[]

const item = { type: 'number' }
const forms = [item, { type: 'array', items: item, minItems: 1 }]

export function NumbersArgument(fallback?: number): TUnsafe<Numbers> {
  return Type.Unsafe<Numbers>({ anyOf: forms, ...(fallback === undefined ? {} : { default: fallback }) })
}

/** Whether there is one number, or one for each of `length` places. */
export function fitsLength(given: Numbers, length: number | undefined): boolean {
  return typeof given === 'number' || given.length === 1 || given.length === length
}

/** The numbers in the graph, lying along the axis `at` of the definition in values like `x`. */
export function numbersAlong(op: Builder, given: Numbers, at: number, x: Real, channelAxis: 1 | -1): Real {
  if (typeof given === 'number') return op.scalar(given, x)
  return along(op, op.constant(tensorOf(x.type, given)), [at], x, channelAxis)
}
