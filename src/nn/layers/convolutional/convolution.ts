/** Conv1D, Conv2D, Conv3D: filters slide over the places of a sample. */
import { PositiveInteger } from '../../strict.ts'
import { loraArguments } from '../arguments.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { channelsOf, type PaddingName, perAxis, type Rank } from '../spatial-arguments.ts'
import { windowsOver } from '../spatial-windows.ts'
import { declareWeight, weightArguments } from '../weight-arguments.ts'
import { biasFor, filtersFirst, outputArguments, windowArguments, windowMisfit } from './arguments.ts'

/**
 * y[b, p, f] = activation(Σ over window w and channel c of x[b, p·strides + w·dilation_rate, c]·kernel[w, c, f] + bias[f]).
 * Shapes: [batch, …places, channels] → [batch, …windows, filters]. Kernel [...kernel_size, channels / groups, filters],
 * Glorot uniform; bias [filters], zeros. With `groups` each group of channels has its own filters. `data_format`
 * channels_first: [batch, channels, …places] → [batch, filters, …windows].
 * @throws {Problem} shape_mismatch where a sample has another number of axes, a window does not fit, or groups do not divide
 * @see https://keras.io/api/layers/convolution_layers/
 */
function defineConvolution(type: string, rank: Rank, ...paddings: readonly PaddingName[]) {
  return defineLayer({
    config: layerConfig(
      type,
      {
        filters: PositiveInteger,
        ...windowArguments(rank, ...paddings),
        groups: { ...PositiveInteger, default: 1 },
        ...outputArguments,
        ...weightArguments('kernel', 'glorot_uniform'),
        ...loraArguments,
      },
      'Filters that slide over the places of a sample',
    ),
    misfit: (config, inputShape) => {
      const { filters, groups } = config
      const wrong = windowMisfit(rank, config, inputShape)
      if (wrong !== null) return wrong
      if (filters % groups !== 0) return `filters (${filters}) that divide into groups (${groups})`
      return channelsOf(config, inputShape) % groups === 0 ? null : `channels that divide into groups (${groups})`
    },
    weights: (config, inputShape) => ({
      kernel: declareWeight(config, 'kernel', [
        ...perAxis(config.kernel_size, rank),
        channelsOf(config, inputShape) / config.groups,
        config.filters,
      ]),
      bias: biasFor(config, config.filters),
    }),
    activation: ({ activation }) => activation ?? 'linear',
    layout: 'channels_first',
    call: (op, x, { kernel, bias }, { kernel_size, strides, padding, dilation_rate, groups }) =>
      op.Conv(x, filtersFirst(op, kernel), bias, {
        ...windowsOver(x, rank, { size: kernel_size, strides, padding, dilation: dilation_rate }),
        ...(groups > 1 ? { group: groups } : {}),
      }),
  })
}

export const Conv1D = defineConvolution('Conv1D', 1, 'valid', 'same', 'causal')
export const Conv2D = defineConvolution('Conv2D', 2, 'valid', 'same')
export const Conv3D = defineConvolution('Conv3D', 3, 'valid', 'same')
