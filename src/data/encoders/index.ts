/** The encoders by the type of column, one line each. */
import type { ColumnType } from '../table.ts'
import { booleanEncoder } from './boolean.ts'
import { categoryEncoder } from './category.ts'
import type { EncoderKind } from './encoder.ts'
import { numberEncoder } from './number.ts'
import { tensorEncoder } from './tensor.ts'

export const encoders: { readonly [T in ColumnType]: EncoderKind<T> } = {
  number: numberEncoder,
  category: categoryEncoder,
  boolean: booleanEncoder,
  tensor: tensorEncoder,
}
