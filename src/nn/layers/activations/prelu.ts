/** PReLU: a slope below zero that is learned. */
import { Type } from 'typebox'
import { PositiveInteger } from '../../strict.ts'
import { ConstraintArgument, InitializerArgument, RegularizerArgument } from '../arguments.ts'
import { defineLayer, layerConfig } from '../layer.ts'

const asList = (axes: number | readonly number[] | null): readonly number[] =>
  axes === null ? [] : typeof axes === 'number' ? [axes] : axes

/**
 * y = x above 0, alpha · x below. Shapes: the same in and out; alpha has the shape of a sample, with length 1 along
 * `shared_axes` (1 is the first axis of a sample): [1, 2] shares each channel's slope over an image.
 * @throws {Problem} shape_mismatch where the input has no such axis
 * @see He et al. 2015, https://keras.io/api/layers/activation_layers/prelu/
 */
export const PReLU = defineLayer({
  config: layerConfig(
    'PReLU',
    {
      alpha_initializer: InitializerArgument('zeros'),
      alpha_regularizer: RegularizerArgument,
      alpha_constraint: ConstraintArgument,
      shared_axes: Type.Unsafe<number | readonly number[] | null>({
        anyOf: [PositiveInteger, Type.Array(PositiveInteger, { minItems: 1, maxItems: 8 }), Type.Null()],
        default: null,
      }),
    },
    'A slope below zero that is learned',
  ),
  misfit: ({ shared_axes }, inputShape) => {
    const missing = asList(shared_axes).find((axis) => axis > inputShape.length)
    return missing === undefined ? null : `samples with an axis ${missing}, as shared_axes says`
  },
  weights: ({ alpha_initializer, alpha_regularizer, alpha_constraint, shared_axes }, inputShape) => ({
    alpha: {
      shape: inputShape.map((length, i) => (asList(shared_axes).includes(i + 1) ? 1 : length)),
      initializer: alpha_initializer,
      regularizer: alpha_regularizer,
      constraint: alpha_constraint,
    },
  }),
  mask: 'passes',
  call: (op, x, { alpha }) => op.Sub(op.Relu(x), op.Mul(alpha, op.Relu(op.Neg(x)))),
})
