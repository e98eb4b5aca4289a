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

/** An argument of Keras that is deliberately left out: null is taken, anything else is told what to use instead. */
export const LeftOut = (instead: string) =>
  Type.Optional(Type.Unsafe<null>({ enum: [null], description: `Left out; ${instead}`, 'x-instead': instead }))

/** Fine-tuning by low-rank additions, which Keras has for layers with a kernel. */
export const loraArguments = {
  lora_rank: LeftOut(
    'train the layer itself, or freeze it (trainable: false) and put two small Dense layers beside it',
  ),
  lora_alpha: LeftOut('it belongs to lora_rank, which is left out'),
}

export const QuantizationArgument = LeftOut('weights are float32 here; quantize the exported model')

export const InitializerArgument = (name: string) => referenceTo(initializers, name)
export const RegularizerArgument = optionalReferenceTo(regularizers)
export const ConstraintArgument = optionalReferenceTo(constraints)
