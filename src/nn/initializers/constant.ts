/** Initial weights that are one number. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { defineInitializer, valuesOf } from './initializer.ts'

export const zeros = defineInitializer({
  config: Strict({ name: NameOf('zeros', 'Zeros', 'zero') }),
  create: (_config, shape) => valuesOf(shape, () => 0),
})

export const ones = defineInitializer({
  config: Strict({ name: NameOf('ones', 'Ones', 'one') }),
  create: (_config, shape) => valuesOf(shape, () => 1),
})

/** A number, or nested lists of numbers. */
type Nested = number | readonly Nested[]

/** One number everywhere, or an array in the weight's shape: weights that are known. */
export const constant = defineInitializer({
  config: Strict({
    name: NameOf('constant', 'Constant'),
    value: Type.Unsafe<Nested>({ anyOf: [{ type: 'number' }, { type: 'array', minItems: 1 }], default: 0 }),
  }),
  misfit: ({ value }, shape) =>
    typeof value === 'number' || hasShape(value, shape)
      ? null
      : `the initializer constant has a value of another shape: give one number, or lists of numbers in the shape [${shape}]`,
  create: ({ value }, shape) => {
    if (typeof value === 'number') return valuesOf(shape, () => value)
    return Float32Array.from(flatten(value)) // in the weight's shape: misfit has looked
  },
})

function hasShape(value: Nested, [length, ...inner]: readonly number[]): boolean {
  if (length === undefined) return typeof value === 'number'
  return Array.isArray(value) && value.length === length && value.every((part) => hasShape(part, inner))
}

function flatten(value: Nested): number[] {
  return typeof value === 'number' ? [value] : value.flatMap(flatten)
}
