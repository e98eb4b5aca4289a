/** Activation: a function of each value (softmax: of the last axis). */
import { Type } from 'typebox'
import { type ActivationName, activations } from '../activations.ts'
import { RegularizerArgument } from './arguments.ts'
import { defineLayer, layerConfig } from './layer.ts'

/**
 * y = activation(x). Shapes: the same in and out.
 * @see https://keras.io/api/layers/core_layers/activation/
 */
export const Activation = defineLayer({
  config: layerConfig(
    'Activation',
    {
      activation: Type.Unsafe<ActivationName>({ enum: Object.keys(activations) }),
      activity_regularizer: RegularizerArgument,
    },
    'A function of each value',
  ),
  activation: ({ activation }) => activation,
  layout: 'any',
  mask: 'passes',
  call: (_op, x) => x,
})
