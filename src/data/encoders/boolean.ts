/** True and false as 1 and 0. */
import { fitFill } from '../missing-values.ts'
import { beside, type EncoderKind } from './encoder.ts'

/** ONNX has no missing boolean: who feeds the served model puts `missing.fill` in the place of one. */
export const booleanEncoder: EncoderKind<'boolean'> = {
  preprocessing: ['none'],
  inputType: 'bool',
  fit: (column, rows, preprocessing, rule) => {
    const missing = { policy: rule.policy, fill: fitFill<'boolean'>(column, rows, rule) }
    return { column: column.name, type: 'boolean', preprocessing, width: 1, missing }
  },
  encode: ({ missing: { fill } }, { values }, rows, out, offset, stride) => {
    for (let i = 0; i < rows.length; i++) {
      const value = values[rows[i] as number] as number
      out[offset + i * stride] = value < 0 ? Number(fill) : value
    }
  },
  lower: (op, _run, inputs) => op.Cast(beside(op, inputs), { to: 'float32' }),
}
