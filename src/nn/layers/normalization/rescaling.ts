/** Rescaling: y = x·scale + offset with numbers given. */
import { defineLayer, layerConfig } from '../layer.ts'
import { fitsLength, NumbersArgument, numbersAlong } from './given-numbers.ts'

/**
 * y = x·scale + offset, each one number or one for each channel: 1/255 brings pixels to 0 … 1. Shapes: the same in and out.
 * @throws {Problem} shape_mismatch where there are other than one number for each channel
 * @see https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
 */
export const Rescaling = defineLayer({
  config: layerConfig(
    'Rescaling',
    { scale: NumbersArgument(), offset: NumbersArgument(0) },
    'The values times scale plus offset',
  ),
  misfit: ({ scale, offset }, inputShape) => {
    const wrong = [scale, offset].find((given) => !fitsLength(given, inputShape.at(-1)))
    return wrong === undefined ? null : `as many channels as there are numbers in ${JSON.stringify(wrong)}`
  },
  layout: 'any',
  mask: 'passes',
  call: (op, x, _weights, { scale, offset }, { channelAxis }) => {
    const spread = (given: typeof scale) => numbersAlong(op, given, x.shape.length - 1, x, channelAxis)
    const scaled = op.Mul(x, spread(scale))
    return offset === 0 ? scaled : op.Add(scaled, spread(offset))
  },
})
