/** True and false as 1 and 0. */
import { fitFill } from '../missing-values.ts'
import { beside, type EncoderKind, filledIn } from './encoder.ts'

export const booleanEncoder: EncoderKind<'boolean'> = {
  preprocessing: ['none'],
  inputType: 'float64',
  fit: (column, rows, preprocessing, rule) => {
    const missing = { policy: rule.policy, fill: fitFill<'boolean'>(column, rows, rule) }
    return { column: column.name, type: 'boolean', preprocessing, width: 1, missing }
  },
  encode: ({ missing: { fill } }, { values }, rows, out, offset, stride) => {
    const filled = fill === null ? Number.NaN : Number(fill)
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i] as number] as number
      out[offset + i * stride] = value < 0 ? filled : value
    }
  },
  lower: (op, run, inputs) => {
    const fills = run.map(({ missing }) => (missing.fill === null ? null : Number(missing.fill)))
    return op.Cast(filledIn(op, beside(op, inputs), fills), { to: 'float32' })
  },
}
