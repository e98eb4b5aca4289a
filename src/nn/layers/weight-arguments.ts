/** The three arguments that Keras has for every weight: how it starts, what is added to the loss for it, where it may go. */
import type { TUnsafe } from 'typebox'
import type { Given } from '../named.ts'
import { ConstraintArgument, InitializerArgument, RegularizerArgument } from './arguments.ts'
import type { WeightDeclaration } from './layer.ts'

type Schemas<N extends string> = Readonly<Record<`${N}_initializer`, TUnsafe<Given>>> &
  Readonly<Record<`${N}_regularizer` | `${N}_constraint`, TUnsafe<Given | null>>>

type Initializer<N extends string> = Readonly<Record<`${N}_initializer`, Given>>
type Limits<N extends string> = Readonly<Record<`${N}_regularizer` | `${N}_constraint`, Given | null>>

/** A layer's arguments, as far as they are about the weight `N`. */
export type WeightConfig<N extends string> = Initializer<N> & Limits<N>

/** `<name>_initializer`, `<name>_regularizer`, `<name>_constraint`. */
export function weightArguments<const N extends string>(name: N, initializer: string): Schemas<N> {
  return {
    [`${name}_initializer`]: InitializerArgument(initializer),
    [`${name}_regularizer`]: RegularizerArgument,
    [`${name}_constraint`]: ConstraintArgument,
  } as Schemas<N> // computed keys are plain strings to the compiler
}

/** The weight of `shape` that those arguments describe. */
export function declareWeight<N extends string>(
  config: WeightConfig<N>,
  name: N,
  shape: readonly number[],
): WeightDeclaration {
  const initializer: Initializer<N> = config
  const limits: Limits<N> = config
  return {
    shape,
    initializer: initializer[`${name}_initializer`],
    regularizer: limits[`${name}_regularizer`],
    constraint: limits[`${name}_constraint`],
  }
}
