/** Arguments that several layers share. */
import { Type } from 'typebox'
import { type ActivationName, activations } from '../activations.ts'
import { constraints } from '../constraints/index.ts'
import { initializers } from '../initializers/index.ts'
import { optionalReferenceTo, referenceTo } from '../named.ts'
import { regularizers } from '../regularizers/index.ts'

/** An activation by name; null and left out are `linear`. */
export const ActivationArgument = Type.Unsafe<ActivationName | null>({
  enum: [...Object.keys(activations), null],
  default: null,
})

export const InitializerArgument = (name: string) => referenceTo(initializers, name)
export const RegularizerArgument = optionalReferenceTo(regularizers)
export const ConstraintArgument = optionalReferenceTo(constraints)
