/** Dense: y = activation(x·kernel + bias). */

import { PositiveInteger, Switch } from '../strict.ts'
import {
  ActivationArgument,
  ConstraintArgument,
  InitializerArgument,
  loraArguments,
  QuantizationArgument,
  RegularizerArgument,
} from './arguments.ts'
import { defineLayer, layerConfig } from './layer.ts'

/**
 * Affine map of the last axis: y = activation(x·kernel + bias).
 * Shapes: [batch, …, features] → [batch, …, units]. Kernel [features, units], Glorot uniform; bias [units], zeros.
 * @throws {Problem} shape_mismatch where one sample has no axis
 * @see https://keras.io/api/layers/core_layers/dense/
 */
export const Dense = defineLayer({
  config: layerConfig(
    'Dense',
    {
      units: PositiveInteger,
      activation: ActivationArgument,
      use_bias: Switch(true),
      kernel_initializer: InitializerArgument('glorot_uniform'),
      bias_initializer: InitializerArgument('zeros'),
      kernel_regularizer: RegularizerArgument,
      bias_regularizer: RegularizerArgument,
      activity_regularizer: RegularizerArgument,
      kernel_constraint: ConstraintArgument,
      bias_constraint: ConstraintArgument,
      ...loraArguments,
      quantization_config: QuantizationArgument,
    },
    'Affine map of the last axis',
  ),
  misfit: (_config, inputShape) => (inputShape.length === 0 ? 'samples with at least one axis' : null),
  weights: (config, inputShape) => ({
    kernel: {
      shape: [inputShape.at(-1) ?? 1, config.units],
      initializer: config.kernel_initializer,
      regularizer: config.kernel_regularizer,
      constraint: config.kernel_constraint,
    },
    bias: config.use_bias
      ? {
          shape: [config.units],
          initializer: config.bias_initializer,
          regularizer: config.bias_regularizer,
          constraint: config.bias_constraint,
        }
      : null,
  }),
  activation: ({ activation }) => activation ?? 'linear',
  mask: 'passes',
  call: (op, x, { kernel, bias }) => {
    // one node for matrices; with more axes the product has to be a MatMul
    if (x.shape.length === 2) return op.Gemm(x, kernel, bias, {})
    const product = op.MatMul(x, kernel)
    return bias ? op.Add(product, bias) : product
  },
})
