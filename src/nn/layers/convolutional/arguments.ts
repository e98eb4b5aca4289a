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
  type WithDataFormat,
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

interface WindowConfig extends WithDataFormat {
  readonly strides: PerAxis
  readonly dilation_rate: PerAxis
}

/** The shape of a sample, and strides together with dilation, which Keras refuses as well. */
export function windowMisfit(rank: Rank, config: WindowConfig, inputShape: readonly number[]): string | null {
  const both = [config.strides, config.dilation_rate].every((given) => Math.max(...perAxis(given, rank)) > 1)
  if (both) return 'strides or a dilation_rate above 1, not both'
  return placesMisfit(rank, config, inputShape)
}

/**
 * A kernel in ONNX's order: Keras keeps [...places, a, b], ONNX wants [b, a, …places].
 * A served graph has it folded away; a training step does it once forward and once for the gradient. It goes in two steps, one
 * axis at a time, since ONNX Runtime 1.30 moves several axes at once eight times slower (3x3x32x64: 77 µs, so 9 µs). The
 * Flatten between them changes nothing but keeps it from making one step of the two; so does its gradient.
 */
export function filtersFirst(op: Builder, kernel: Real): Real {
  const [a = 1, b = 1] = kernel.shape.slice(-2).map(Number)
  const places = kernel.shape.slice(0, -2).map(Number)
  const size = product(places)
  const outer = op.Transpose(op.Reshape(kernel, op.ints([size * a, b])), { perm: [1, 0] })
  if (size === 1) return op.Reshape(outer, op.ints([b, a, ...places]))
  const apart = op.Flatten(outer, { axis: 1 })
  return op.Reshape(
    op.Transpose(op.Reshape(apart, op.ints([b, size, a])), { perm: [0, 2, 1] }),
    op.ints([b, a, ...places]),
  )
}

/** As `filtersFirst` for kernels [...places, channels, filters each]: [channels·each, 1, …places], each channel a group. */
export function groupsFirst(op: Builder, kernel: Real): Real {
  const filters = product(kernel.shape.slice(-2).map(Number))
  const places = kernel.shape.slice(0, -2).map(Number)
  const rows = op.Reshape(kernel, op.ints([product(places), filters]))
  return op.Reshape(op.Transpose(rows, { perm: [1, 0] }), op.ints([filters, 1, ...places]))
}

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1)
