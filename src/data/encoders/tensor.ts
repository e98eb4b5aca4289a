/** Tensors: as they are, standardized by one mean and deviation over all their numbers, or divided by 255. */
import { elementCount } from '../../onnx/tensor.ts'
import { moments } from '../statistics.ts'
import { type TensorColumn, tensorRows } from '../table.ts'
import type { EncoderKind, Preprocessing, TensorEncoder } from './encoder.ts'

/** What makes pixels numbers from 0 to 1. */
const LARGEST_PIXEL = 255

/**
 * A tensor reaches the served model as float32 [batch, …shape], as it is kept here. Shift and scale are float32 numbers,
 * subtracted and divided by in float32, so that training and serving agree to the last bit.
 */
export const tensorEncoder: EncoderKind<'tensor'> = {
  preprocessing: ['none', 'standardize', 'rescale'],
  inputType: 'float32',
  fit: (column, rows, preprocessing) => {
    const { name, shape, lengths } = column
    const { shift, scale } = changeOf(column, rows, preprocessing)
    return {
      ...{ column: name, type: 'tensor', preprocessing, width: elementCount(shape), shape },
      ...{ padded: lengths !== null, shift: Math.fround(shift), scale: Math.fround(scale) },
      missing: { policy: 'error', fill: null },
    }
  },
  encode: ({ width, shift, scale }, { values }, rows, out, offset, stride) => {
    const asIs = shift === 0 && scale === 1
    for (let i = 0; i < rows.length; i++) {
      const from = (rows[i] as number) * width
      const to = offset + i * stride
      if (asIs) out.set(values.subarray(from, from + width), to)
      else for (let k = 0; k < width; k++) out[to + k] = Math.fround((values[from + k] as number) - shift) / scale
    }
  },
  lower: (op, [encoder], [x]) => {
    if (!encoder || !x) throw new Error('a tensor without its encoder or input')
    const { shift, scale } = encoder
    const moved = shift === 0 ? x : op.Sub(x, op.scalar(shift, x))
    return scale === 1 ? moved : op.Div(moved, op.scalar(scale, x))
  },
}

function changeOf(
  column: TensorColumn,
  rows: Int32Array,
  preprocessing: Preprocessing,
): Pick<TensorEncoder, 'shift' | 'scale'> {
  if (preprocessing === 'rescale') return { shift: 0, scale: LARGEST_PIXEL }
  if (preprocessing !== 'standardize') return { shift: 0, scale: 1 }
  const { mean, std } = moments(tensorRows(column, rows))
  return { shift: mean, scale: std > 0 ? std : 1 }
}
