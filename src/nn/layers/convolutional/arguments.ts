/** What the convolutions share: arguments, checks, and the order of a kernel's axes. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { Switch } from '../../strict.ts'
import { ActivationArgument, RegularizerArgument } from '../arguments.ts'
import type { WeightDeclaration } from '../layer.ts'
import {
  DataFormatArgument,
  PaddingArgument,
  type PaddingName,
  type PerAxis,
  PerAxisArgument,
  perAxis,
  placesMisfit,
  type Rank,
} from '../spatial-arguments.ts'
import { declareWeight, type WeightConfig, weightArguments } from '../weight-arguments.ts'

/** Size, strides and padding of the windows. */
export function windowArguments<const P extends PaddingName>(rank: Rank, ...paddings: readonly P[]) {
  return {
    kernel_size: PerAxisArgument(rank),
    strides: PerAxisArgument(rank, 1),
    padding: PaddingArgument(...paddings),
    data_format: DataFormatArgument,
    dilation_rate: PerAxisArgument(rank, 1),
  }
}

/** Activation and bias, and the penalty of what the layer gives. */
export const outputArguments = {
  activation: ActivationArgument,
  use_bias: Switch(true),
  ...weightArguments('bias', 'zeros'),
  activity_regularizer: RegularizerArgument,
}

type BiasConfig = WeightConfig<'bias'> & { readonly use_bias: boolean }

/** One number for each filter. */
export function biasFor(config: BiasConfig, filters: number): WeightDeclaration | null {
  return config.use_bias ? declareWeight(config, 'bias', [filters]) : null
}

interface WindowConfig {
  readonly strides: PerAxis
  readonly dilation_rate: PerAxis
  readonly data_format: 'channels_last' | 'channels_first' | null
}

/** The shape of a sample, and strides together with dilation, which Keras refuses as well. */
export function windowMisfit(rank: Rank, config: WindowConfig, inputShape: readonly number[]): string | null {
  const both = [config.strides, config.dilation_rate].every((given) => Math.max(...perAxis(given, rank)) > 1)
  if (both) return 'strides or a dilation_rate above 1, not both'
  return placesMisfit(rank, config, inputShape)
}

/**
 * A kernel in ONNX's order. Keras keeps [...places, a, b], ONNX wants [b, a, …places].
 * A served graph has it folded away; a training step copies the kernel once, and its gradient once.
 */
export function channelsForward(op: Builder, kernel: Real, order: 'reversed' | 'kept' = 'reversed'): Real {
  const places = kernel.shape.length - 2
  const channels = order === 'reversed' ? [places + 1, places] : [places, places + 1]
  return op.Transpose(kernel, { perm: [...channels, ...Array.from({ length: places }, (_, axis) => axis)] })
}
