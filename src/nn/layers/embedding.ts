/** Embedding: a row of numbers for each whole number. */
import { PositiveInteger, Switch } from '../strict.ts'
import {
  ConstraintArgument,
  InitializerArgument,
  LeftOut,
  loraArguments,
  QuantizationArgument,
  RegularizerArgument,
} from './arguments.ts'
import { defineLayer, layerConfig } from './layer.ts'

/**
 * y = embeddings[x]. Shapes: [batch, …] of whole numbers 0 … input_dim-1 → [batch, …, output_dim]. Embeddings
 * [input_dim, output_dim], uniform in [-0.05, 0.05). With `mask_zero` 0 is no word but padding, which the layers after it
 * leave out. Numbers outside of the range are refused before they come here (`inputRange`).
 * @see https://keras.io/api/layers/core_layers/embedding/
 */
export const Embedding = defineLayer({
  config: layerConfig(
    'Embedding',
    {
      input_dim: PositiveInteger,
      output_dim: PositiveInteger,
      embeddings_initializer: InitializerArgument('random_uniform'),
      embeddings_regularizer: RegularizerArgument,
      embeddings_constraint: ConstraintArgument,
      activity_regularizer: RegularizerArgument,
      mask_zero: Switch(false, '0 is padding, which the layers after it leave out'),
      weights: LeftOut('give them as embeddings_initializer { "name": "constant", "value": [[…], …] }'),
      ...loraArguments,
      quantization_config: QuantizationArgument,
    },
    'A row of numbers for each whole number',
  ),
  inputRange: ({ input_dim }) => ({ min: 0, max: input_dim - 1 }),
  weights: ({ input_dim, output_dim, embeddings_initializer, embeddings_regularizer, embeddings_constraint }) => ({
    embeddings: {
      shape: [input_dim, output_dim],
      initializer: embeddings_initializer,
      regularizer: embeddings_regularizer,
      constraint: embeddings_constraint,
    },
  }),
  mask: (op, [x], _masks, { mask_zero }) => (mask_zero && x ? op.Not(op.Equal(x, op.scalar(0, x))) : null),
  call: (op, x, { embeddings }) => op.Gather(embeddings, op.Cast(x, { to: 'int32' }), { axis: 0 }),
})
