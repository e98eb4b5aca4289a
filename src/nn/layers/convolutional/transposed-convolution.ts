/** Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: each place adds its filters to the output. */
import type { Real } from '../../../onnx/value.ts'
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { channelsOf, OptionalPerAxisArgument, type PerAxis, perAxis, type Rank } from '../spatial-arguments.ts'
import { type TransposedPlacement, transposedPlacement } from '../spatial-padding.ts'
import { declareWeight, weightArguments } from '../weight-arguments.ts'
import { biasFor, filtersFirst, outputArguments, windowArguments, windowMisfit } from './arguments.ts'

/**
 * The convolution backwards (its gradient in the input): place p adds x[b, p, c]·kernel[w, f, c] at p·strides + w·dilation_rate.
 * Shapes: [batch, …places, channels] → [batch, …lengths, filters]; the lengths are told by `transposedPlacement`. Kernel
 * [...kernel_size, filters, channels], Glorot uniform; bias [filters], zeros.
 * @throws {Problem} shape_mismatch where a sample has another number of axes or output_padding is not below the strides
 * @see https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
 */
function defineTransposedConvolution(type: string, rank: Rank) {
  return defineLayer({
    config: layerConfig(
      type,
      {
        filters: PositiveInteger,
        ...windowArguments(rank, 'valid', 'same'),
        output_padding: OptionalPerAxisArgument(rank, 0),
        ...outputArguments,
        ...weightArguments('kernel', 'glorot_uniform'),
      },
      'Each place adds its filters to the output',
    ),
    misfit: (config, inputShape) => paddingMisfit(rank, config) ?? windowMisfit(rank, config, inputShape),
    weights: (config, inputShape) => ({
      kernel: declareWeight(config, 'kernel', [
        ...perAxis(config.kernel_size, rank),
        config.filters,
        channelsOf(config, inputShape),
      ]),
      bias: biasFor(config, config.filters),
    }),
    activation: ({ activation }) => activation ?? 'linear',
    layout: 'channels_first',
    call: (op, x, { kernel, bias }, config) => {
      const placed = placementOver(x, rank, config)
      return op.ConvTranspose(x, filtersFirst(op, kernel), bias, {
        kernel_shape: perAxis(config.kernel_size, rank),
        strides: perAxis(config.strides, rank),
        dilations: perAxis(config.dilation_rate, rank),
        pads: [...placed.map(({ before }) => before), ...placed.map(({ after }) => after)],
        output_padding: placed.map(({ outputPadding }) => outputPadding),
      })
    },
  })
}

interface TransposedConfig {
  readonly kernel_size: PerAxis
  readonly strides: PerAxis
  readonly dilation_rate: PerAxis
  readonly padding: 'valid' | 'same'
  readonly output_padding: PerAxis | null
}

function paddingMisfit(rank: Rank, { output_padding, strides }: TransposedConfig): string | null {
  if (output_padding === null) return null
  const steps = perAxis(strides, rank)
  const below = perAxis(output_padding, rank).every((places, axis) => places < (steps[axis] ?? 1))
  return below
    ? null
    : `an output_padding below the strides ${JSON.stringify(strides)} instead of ${JSON.stringify(output_padding)}`
}

function placementOver(x: Real, rank: Rank, config: TransposedConfig): TransposedPlacement[] {
  const axes = {
    kernel: perAxis(config.kernel_size, rank),
    stride: perAxis(config.strides, rank),
    dilation: perAxis(config.dilation_rate, rank),
    outputPadding: config.output_padding === null ? null : perAxis(config.output_padding, rank),
  }
  return axes.kernel.map((kernel, axis) => {
    const length = x.shape[axis + 2]
    if (typeof length !== 'number')
      throw new Error(`a transposed convolution needs known lengths, axis ${axis + 1} is open`)
    return transposedPlacement(length, {
      kernel,
      stride: axes.stride[axis] ?? 1,
      dilation: axes.dilation[axis] ?? 1,
      padding: config.padding,
      outputPadding: axes.outputPadding?.[axis] ?? null,
    })
  })
}

export const Conv1DTranspose = defineTransposedConvolution('Conv1DTranspose', 1)
export const Conv2DTranspose = defineTransposedConvolution('Conv2DTranspose', 2)
export const Conv3DTranspose = defineTransposedConvolution('Conv3DTranspose', 3)
