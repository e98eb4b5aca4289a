/** Normalization: y = (x - mean)/√variance with numbers given. */
import { type TUnsafe, Type } from 'typebox'
import { Switch } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { type Axes, axesMisfit, axesOf } from './axes.ts'
import { fitsLength, type Numbers, numbersAlong, OptionalNumbersArgument } from './given-numbers.ts'

/** Smaller deviations count as this one, so that a constant column stays finite. */
const smallestDeviation = 1e-7

const axis = { type: 'integer', minimum: -8, maximum: 8 }
const AxisArgument: TUnsafe<Axes | null> = Type.Unsafe<Axes | null>({
  anyOf: [axis, { type: 'array', items: axis, maxItems: 1 }, { type: 'null' }],
  default: -1,
  description: 'Along which the numbers lie; null: one number for all',
})

interface NormalizationConfig {
  readonly axis: Axes | null
  readonly mean: Numbers | null
  readonly variance: Numbers | null
}

/**
 * y = (x - mean)/max(√variance, 1e-7), or with `invert` its inverse. `mean` and `variance` are given, one number or one for each
 * place of `axis` (Keras may also learn them by `adapt`; here the preprocessing of a training does that).
 * Shapes: the same in and out. No weights.
 * @throws {Problem} shape_mismatch where mean or variance is missing or of another length than the axis
 * @see https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
 */
export const Normalization = defineLayer({
  config: layerConfig(
    'Normalization',
    {
      axis: AxisArgument,
      mean: OptionalNumbersArgument(),
      variance: OptionalNumbersArgument(0),
      invert: Switch(false),
    },
    'The values less mean, divided by the root of variance',
  ),
  misfit: (config, inputShape) => numbersMisfit(config, inputShape),
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { axis: given, mean, variance, invert }, { channelAxis }) => {
    const [at = 0] = given === null ? [] : axesOf(given, x.shape.length)
    const center = numbersAlong(op, mean ?? 0, at, x, channelAxis)
    const deviation = numbersAlong(op, deviationOf(variance ?? 1), at, x, channelAxis)
    return invert ? op.Add(op.Mul(x, deviation), center) : op.Div(op.Sub(x, center), deviation)
  },
})

function numbersMisfit({ axis: given, mean, variance }: NormalizationConfig, shape: readonly number[]): string | null {
  if (mean === null || variance === null) return 'mean and variance as numbers (there is no adapt)'
  const axes = given === null ? [] : axesOf(given, shape.length + 1)
  if (given !== null && axes.length > 0) {
    const wrong = axesMisfit(given, shape)
    if (wrong !== null) return wrong
  }
  const [at] = axes
  const length = at === undefined ? 1 : shape[at - 1]
  const fits = fitsLength(mean, length) && fitsLength(variance, length)
  return fits ? null : `mean and variance with one number for each place of the axis ${JSON.stringify(given)}`
}

function deviationOf(variance: Numbers): Numbers {
  const root = (value: number) => Math.max(Math.sqrt(value), smallestDeviation)
  return typeof variance === 'number' ? root(variance) : variance.map(root)
}
