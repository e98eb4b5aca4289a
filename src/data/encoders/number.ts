/** Numbers: standardized (x - mean) / std over the training rows, or as they are. */

import type { Builder } from '../../onnx/builder.ts'
import { tensorOf } from '../../onnx/tensor.ts'
import type { Value } from '../../onnx/value.ts'
import { fitFill } from '../missing-values.ts'
import { moments } from '../statistics.ts'
import { gather } from '../table.ts'
import { beside, type EncoderKind, filledIn, type NumberEncoder } from './encoder.ts'

/**
 * Missing cells are filled before mean and standard deviation are taken, so that what the network sees in training has mean
 * 0 and deviation 1. The deviation is the population's (divides by n); a constant column is divided by 1.
 */
export const numberEncoder: EncoderKind<'number'> = {
  preprocessing: ['standardize', 'none'],
  inputType: 'float64',
  fit: (column, rows, preprocessing, rule) => {
    const fill = fitFill<'number'>(column, rows, rule)
    const missing = { policy: rule.policy, fill }
    const base = { column: column.name, type: 'number', preprocessing, width: 1, missing } as const
    if (preprocessing === 'none') return { ...base, shift: 0, scale: 1 }
    const values = gather(column.values, rows)
    if (fill !== null) for (let i = 0; i < values.length; i++) values[i] = filled(values[i] as number, fill)
    const { mean, std } = moments(values)
    return { ...base, shift: mean, scale: std > 0 ? std : 1 }
  },
  encode: ({ shift, scale, missing: { fill } }, { values }, rows, out, offset, stride) => {
    for (let i = 0; i < rows.length; i++) {
      out[offset + i * stride] = (filled(values[rows[i] as number] as number, fill) - shift) / scale
    }
  },
  lower: (op, run, inputs) => {
    const x = filledIn(
      op,
      beside(op, inputs),
      run.map(({ missing }) => missing.fill),
    )
    return op.Cast(op.Div(op.Sub(x, rowOf(op, run, 'shift')), rowOf(op, run, 'scale')), { to: 'float32' })
  },
}

const filled = (value: number, fill: number | null): number => (fill !== null && Number.isNaN(value) ? fill : value)

function rowOf(op: Builder, run: readonly NumberEncoder[], key: 'shift' | 'scale'): Value<'float64'> {
  return op.constant(
    tensorOf(
      'float64',
      run.map((encoder) => encoder[key]),
      [1, run.length],
    ),
  )
}
