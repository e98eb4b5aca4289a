/** GroupNormalization: the channels of a sample in groups, each group with its own mean and variance. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { maxLength } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { Epsilon, scaleAndCenter, scaleAndCenterWeights } from './arguments.ts'
import { along, axesOf } from './axes.ts'
import { scaledAndCentered, standardized } from './moments.ts'

/**
 * y = gamma·(x - mean)/√(variance + epsilon) + beta, mean and variance over all places and the channels of a group, for every
 * sample. `groups` -1: each channel is a group (instance normalization). Shapes: the same in and out. gamma ones, beta zeros.
 * @throws {Problem} shape_mismatch where the channels do not divide into the groups
 * @see Wu & He 2018, https://keras.io/api/layers/normalization_layers/group_normalization/
 */
export const GroupNormalization = defineLayer({
  config: layerConfig(
    'GroupNormalization',
    {
      groups: Type.Unsafe<number>({
        anyOf: [{ const: -1 }, { type: 'integer', minimum: 1, maximum: maxLength }],
        default: 32,
      }),
      axis: Type.Integer({ minimum: -8, maximum: 8, default: -1 }),
      epsilon: Epsilon,
      ...scaleAndCenter,
    },
    'The channels of a sample in groups, each with its own mean and variance',
  ),
  misfit: ({ groups, axis }, inputShape) => {
    const channels = inputShape.at(-1)
    if (channels === undefined) return 'samples with at least one axis'
    const [at] = axesOf(axis, inputShape.length + 1)
    if (at !== inputShape.length) return `axis -1, the channels' (received ${axis})`
    return groups === -1 || channels % groups === 0 ? null : `channels that divide into groups (${groups})`
  },
  weights: (config, inputShape) => scaleAndCenterWeights(config, [inputShape.at(-1) ?? 1]),
  layout: 'any',
  mask: 'passes',
  call: (op, x, { gamma, beta }, { groups, epsilon }, { channelAxis }) => {
    const rank = x.shape.length
    const channels = Number(x.shape.at(channelAxis))
    const normal = inGroups(op, x, groups === -1 ? channels : groups, channelAxis, epsilon)
    const spread = (weight: Real | null) => weight && along(op, weight, [rank - 1], x, channelAxis)
    return scaledAndCentered(op, normal, spread(gamma), spread(beta))
  },
})

/** Each group in axes of its own, made standard, and back in the shape of `x`. */
function inGroups(op: Builder, x: Real, groups: number, channelAxis: 1 | -1, epsilon: number): Real {
  const channels = Number(x.shape.at(channelAxis))
  const first = channelAxis === 1 || x.shape.length === 2
  const grouped = op.Reshape(x, op.ints(first ? [0, groups, -1] : [0, -1, groups, channels / groups]))
  const normal = standardized(op, grouped, first ? [2] : [1, 3], epsilon)
  const lengths = x.shape.slice(1)
  const known = lengths.every((length) => typeof length === 'number')
  return op.Reshape(normal, known ? op.ints([0, ...lengths.map(Number)]) : op.Shape(x, {}))
}
