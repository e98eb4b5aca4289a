/** Texts, one-hot over the categories of the training rows. */
import type { Builder } from '../../onnx/builder.ts'
import { stringTensor, tensorOf } from '../../onnx/tensor.ts'
import type { Value } from '../../onnx/value.ts'
import { fitFill } from '../missing-values.ts'
import { beside, type CategoryEncoder, type EncoderKind } from './encoder.ts'

/** A missing cell reaches the served model as the empty text. */
const MISSING = ''

export const categoryEncoder: EncoderKind<'category'> = {
  preprocessing: ['one_hot'],
  inputType: 'string',
  fit: (column, rows, preprocessing, rule) => {
    const fill = fitFill<'category'>(column, rows, rule)
    const seen = new Set<string>(fill === null ? [] : [fill])
    const present = new Uint8Array(column.categories.length)
    for (const row of rows) present[column.codes[row] as number] = 1
    for (const [code, category] of column.categories.entries()) if (present[code]) seen.add(category)
    const categories = [...seen].sort()
    const missing = { policy: rule.policy, fill }
    return { column: column.name, type: 'category', preprocessing, width: categories.length, missing, categories }
  },
  encode: ({ categories, missing: { fill } }, column, rows, out, offset, stride) => {
    const places = new Map(categories.map((category, place) => [category, place]))
    const placeOfCode = Int32Array.from(column.categories, (category) => places.get(category) ?? -1)
    const placeOfMissing = fill === null ? -1 : (places.get(fill) ?? -1)
    for (let i = 0; i < rows.length; i++) {
      const code = column.codes[rows[i] as number] as number
      const place = code < 0 ? placeOfMissing : (placeOfCode[code] as number)
      if (place >= 0) out[offset + i * stride + place] = 1
    }
  },
  lower: (op, run, inputs) =>
    beside(
      op,
      run.map((encoder, i) => oneHot(op, encoder, inputs[i] as Value<'string'>)),
    ),
}

function oneHot(op: Builder, { categories, missing: { fill } }: CategoryEncoder, x: Value<'string'>): Value<'float32'> {
  const width = categories.length
  const own = op.Equal(x, op.constant(stringTensor(categories, [1, width])))
  if (fill === null) return op.Cast(own, { to: 'float32' })
  const isMissing = op.Equal(x, op.constant(stringTensor([MISSING], [1, 1])))
  const filled = op.constant(
    tensorOf(
      'bool',
      categories.map((category) => Number(category === fill)),
      [1, width],
    ),
  )
  return op.Cast(op.Or(own, op.And(isMissing, filled)), { to: 'float32' })
}
