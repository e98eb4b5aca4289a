/** UpSampling1D, UpSampling2D, UpSampling3D: more places than there were. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import { tensorOf } from '../../../onnx/tensor.ts'
import type { Real } from '../../../onnx/value.ts'
import { PositiveInteger } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import {
  DataFormatArgument,
  type PerAxis,
  PerAxisArgument,
  perAxis,
  placesMisfit,
  type Rank,
} from '../spatial-arguments.ts'
import { interpolated } from './interpolation.ts'

const interpolations = ['nearest', 'bilinear', 'bicubic', 'lanczos3', 'lanczos5'] as const
type Interpolation = (typeof interpolations)[number]

/**
 * Every step `size` times. Shapes: [batch, steps, channels] → [batch, steps·size, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/reshaping_layers/up_sampling1d/
 */
export const UpSampling1D = defineLayer({
  config: layerConfig('UpSampling1D', { size: { ...PositiveInteger, default: 2 } }, 'Every step several times'),
  misfit: (_config, inputShape) => placesMisfit(1, { data_format: null }, inputShape),
  keepsValues: true,
  layout: 'channels_first',
  call: (op, x, _weights, { size }) => repeated(op, x, 1, size),
})

/**
 * `nearest`: every place size[0]·size[1] times; `bilinear`: between the centres of places, at the edges the last of them;
 * `bicubic` (Keys 1981, a = -1/2), `lanczos3` and `lanczos5`: of 4, 6 or 10 places around, fewer at the edges.
 * Shapes: [batch, height, width, channels] → [batch, height·size[0], width·size[1], channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/reshaping_layers/up_sampling2d/
 */
export const UpSampling2D = defineLayer({
  config: layerConfig(
    'UpSampling2D',
    {
      size: PerAxisArgument(2, 2),
      data_format: DataFormatArgument,
      interpolation: Type.Unsafe<Interpolation>({ enum: interpolations, default: 'nearest' }),
    },
    'More rows and columns than there were',
  ),
  misfit: (config, inputShape) => placesMisfit(2, config, inputShape),
  keepsValues: true,
  layout: 'channels_first',
  call: (op, x, _weights, { size, interpolation }) => {
    if (interpolation === 'nearest') return repeated(op, x, 2, size)
    if (interpolation !== 'bilinear') return interpolated(op, x, perAxis(size, 2), interpolation)
    return op.Resize(x, null, scalesOf(op, size, 2), null, {
      mode: 'linear',
      coordinate_transformation_mode: 'half_pixel',
    })
  },
})

/**
 * Every place size[0]·size[1]·size[2] times. Shapes: [batch, …places, channels] → [batch, …places·size, channels].
 * @throws {Problem} shape_mismatch where a sample has another number of axes
 * @see https://keras.io/api/layers/reshaping_layers/up_sampling3d/
 */
export const UpSampling3D = defineLayer({
  config: layerConfig(
    'UpSampling3D',
    { size: PerAxisArgument(3, 2), data_format: DataFormatArgument },
    'Every place of a volume several times',
  ),
  misfit: (config, inputShape) => placesMisfit(3, config, inputShape),
  keepsValues: true,
  layout: 'channels_first',
  call: (op, x, _weights, { size }) => repeated(op, x, 3, size),
})

/** A factor for every axis: with the attribute `axes` ONNX Runtime 1.30 fails where it moves a Transpose past the Resize. */
function scalesOf(op: Builder, size: PerAxis, rank: Rank) {
  return op.constant(tensorOf('float32', [1, 1, ...perAxis(size, rank)]))
}

function repeated(op: Builder, x: Real, rank: Rank, size: PerAxis): Real {
  return op.Resize(x, null, scalesOf(op, size, rank), null, {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  })
}
