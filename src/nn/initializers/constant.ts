/** Initial weights that are one number. */
import { Type } from 'typebox'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { defineInitializer, valuesOf } from './initializer.ts'

export const zeros = defineInitializer({
  config: Strict({ name: NameOf('zeros') }),
  create: (_config, shape) => valuesOf(shape, () => 0),
})

export const ones = defineInitializer({
  config: Strict({ name: NameOf('ones') }),
  create: (_config, shape) => valuesOf(shape, () => 1),
})

export const constant = defineInitializer({
  config: Strict({ name: NameOf('constant'), value: Type.Number({ default: 0 }) }),
  create: ({ value }, shape) => valuesOf(shape, () => value),
})
