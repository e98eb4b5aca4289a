/** Normalization: y = (x - mean)/√variance with numbers given, or those of the training rows. */
import { type TUnsafe, Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import { tensorOf } from '../../../onnx/tensor.ts'
import type { Real } from '../../../onnx/value.ts'
import { Switch } from '../../strict.ts'
import { defineLayer, layerConfig, type WeightDeclaration } from '../layer.ts'
import { type Axes, along, axesMisfit, axesOf, lengthsAt } from './axes.ts'
import { fillShape, type Nested, shapeOfNested } from './nested-numbers.ts'

/** Smaller deviations count as this one, so that a constant column stays finite. */
const smallestDeviation = 1e-7

const axis = { type: 'integer', minimum: -8, maximum: 8 }
const AxisArgument: TUnsafe<Axes | null> = Type.Unsafe<Axes | null>({
  anyOf: [axis, { type: 'array', items: axis, maxItems: 8 }, { type: 'null' }],
  default: -1,
  description: 'Along which each place has numbers of its own; null: one number for all',
})

const NumbersArgument = (description: string): TUnsafe<Nested | null> =>
  Type.Unsafe<Nested | null>({
    anyOf: [{ type: 'number' }, { type: 'array', minItems: 1 }, { type: 'null' }],
    default: null,
    description,
  })

interface NormalizationConfig {
  readonly axis: Axes | null
  readonly mean: Nested | null
  readonly variance: Nested | null
}

const listed = (given: Axes | null): Axes => given ?? []

/** Whether mean and variance are learned from the training rows. */
const adapts = ({ mean, variance }: NormalizationConfig) => mean === null && variance === null

/**
 * y = (x - mean)/max(√variance, 1e-7), or with `invert` its inverse. `mean` and `variance` are given, one number or lists that
 * lie along `axis`; left out, they are weights, which take the mean and the variance of the training rows before the first step
 * (Keras' `adapt`) and then stay. Shapes: the same in and out. Weights, where they are: mean zeros and variance ones, both
 * [lengths of axis], and Keras' count [], which stays 0.
 * @throws {Problem} shape_mismatch where only one of mean and variance is given, or they have other lengths than the axes
 * @see https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
 */
export const Normalization = defineLayer({
  config: layerConfig(
    'Normalization',
    {
      axis: AxisArgument,
      mean: NumbersArgument('Left out with variance: that of the training rows'),
      variance: NumbersArgument('Left out with mean: that of the training rows'),
      invert: Switch(false),
    },
    'The values less mean, divided by the root of variance',
  ),
  misfit: (config, inputShape) => axesProblem(config, inputShape) ?? numbersMisfit(config, inputShape),
  adaptedAxes: (config, inputShape) => (adapts(config) ? axesOf(listed(config.axis), inputShape.length + 1) : null),
  weights: (config, inputShape): Readonly<Record<string, WeightDeclaration | null>> => {
    if (!adapts(config)) return {}
    const fixed = { shape: lengthsAt(listed(config.axis), inputShape), regularizer: null, trainable: false }
    return {
      mean: { ...fixed, initializer: 'zeros' },
      variance: { ...fixed, initializer: 'ones' },
      count: { ...fixed, shape: [], initializer: 'zeros' },
    }
  },
  layout: 'any',
  mask: 'passes',
  call: (op, x, weights, config, { channelAxis }) => {
    const axes = axesOf(listed(config.axis), x.shape.length)
    const spread = (value: Real) => (value.shape.length === 0 ? value : along(op, value, axes, x, channelAxis))
    const { mean, deviation } = weights.mean
      ? { mean: weights.mean, deviation: deviationOf(op, weights.variance as Real) }
      : givenNumbers(op, x, config, channelAxis)
    const [center, scale] = [spread(mean), spread(deviation)]
    return config.invert ? op.Add(op.Mul(x, scale), center) : op.Div(op.Sub(x, center), scale)
  },
})

/** max(√variance, 1e-7) */
function deviationOf(op: Builder, variance: Real): Real {
  return op.Max([op.Sqrt(variance), op.scalar(smallestDeviation, variance)])
}

/** The numbers of the arguments, each filled up to the lengths of its axes. */
function givenNumbers(op: Builder, x: Real, config: NormalizationConfig, channelAxis: 1 | -1) {
  const axes = axesOf(listed(config.axis), x.shape.length)
  const last = x.shape.length - 1
  const lengthAt = (at: number) => Number(x.shape[channelAxis === -1 || at === 0 ? at : at === last ? 1 : at + 1] ?? 1)
  const lengths = axes.map(lengthAt)
  const constant = (values: readonly number[], shape: readonly number[]) => op.constant(tensorOf(x.type, values, shape))
  const numbersOf = (given: Nested, change: (value: number) => number) =>
    typeof given === 'number'
      ? constant([change(given)], [])
      : constant((fillShape(given, lengths) ?? []).map(change), lengths)
  const root = (value: number) => Math.max(Math.sqrt(value), smallestDeviation)
  return { mean: numbersOf(config.mean ?? 0, (value) => value), deviation: numbersOf(config.variance ?? 1, root) }
}

function axesProblem({ axis: given }: NormalizationConfig, inputShape: readonly number[]): string | null {
  return given === null || (Array.isArray(given) && given.length === 0) ? null : axesMisfit(given, inputShape)
}

function numbersMisfit(config: NormalizationConfig, inputShape: readonly number[]): string | null {
  const { axis: given, mean, variance } = config
  if (adapts(config)) return null
  if (mean === null || variance === null) return 'mean and variance both, or neither: then they are the training rows’'
  if (String(shapeOfNested(mean)) !== String(shapeOfNested(variance))) return 'mean and variance of one shape'
  const lengths = lengthsAt(listed(given), inputShape)
  const numbers = [fillShape(mean, lengths), fillShape(variance, lengths)]
  if (numbers.some((filled) => filled === null))
    return `mean and variance with one number for each place of the axis ${JSON.stringify(given)}`
  return numbers[1]?.every((value) => value >= 0) ? null : 'variances of at least 0'
}
