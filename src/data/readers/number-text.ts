/** Numbers as people write them: decimal point or comma, thousands in groups of three, exponents. */

export type Decimal = '.' | ','

interface Notation {
  readonly plain: RegExp
  readonly grouped: RegExp
  readonly group: string
}

const notations: Readonly<Record<Decimal, Notation>> = {
  '.': {
    plain: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/,
    grouped: /^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?$/,
    group: ',',
  },
  ',': {
    plain: /^[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?$/,
    grouped: /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?$/,
    group: '.',
  },
}

/** The finite number that `text` writes with this decimal sign, or NaN. `0x10`, `Infinity` and `1e999` are texts. */
export function parseNumber(text: string, decimal: Decimal): number {
  const { plain, grouped, group } = notations[decimal]
  let digits = text
  if (!plain.test(text)) {
    if (!grouped.test(text)) return Number.NaN
    digits = text.replaceAll(group, '')
  }
  const value = Number(decimal === ',' ? digits.replace(',', '.') : digits)
  return Number.isFinite(value) ? value : Number.NaN
}

/** What one cell says about the decimal sign of its file: sure evidence, or a sign that could be either (`1.000`). */
export type DecimalEvidence = { readonly sure: Decimal } | { readonly unsure: Decimal } | null

const other: Readonly<Record<Decimal, Decimal>> = { '.': ',', ',': '.' }

const oneGroup = /^[+-]?[1-9]\d{0,2}[.,]\d{3}$/
const manyGroups = /^[+-]?[1-9]\d{0,2}(?:(?:\.\d{3}){2,}|(?:,\d{3}){2,})$/

/** Reads a cell as evidence: `1,5` and `2.000,25` speak for the comma, `1,000,000` for the point, `1.000` for neither. */
export function decimalEvidence(text: string): DecimalEvidence {
  const sign = text.includes('.') ? '.' : text.includes(',') ? ',' : null
  if (sign === null) return null
  if (oneGroup.test(text)) return { unsure: sign }
  if (manyGroups.test(text)) return { sure: other[sign] }
  for (const decimal of ['.', ','] as const) {
    if (!Number.isNaN(parseNumber(text, decimal))) return { sure: decimal }
  }
  return null
}
