/** Arguments that are a number, or nested lists of numbers. */

export type Nested = number | readonly Nested[]

/** The lengths of the lists, outermost first; null where inner ones differ or hold something else. */
export function shapeOfNested(value: Nested): readonly number[] | null {
  if (typeof value === 'number') return []
  if (!Array.isArray(value) || value.length === 0) return null
  const inner = value.map(shapeOfNested)
  const [first] = inner
  return first && inner.every((shape) => String(shape) === String(first)) ? [value.length, ...first] : null
}

/**
 * The numbers in the given lengths, row-major: lists lie along the last axes, and a list of one number fills its axis. Null
 * where they do not fit.
 */
export function fillShape(value: Nested, lengths: readonly number[]): number[] | null {
  const shape = shapeOfNested(value)
  if (shape === null || shape.length > lengths.length) return null
  const [length, ...inner] = lengths
  if (length === undefined) return [value as number] // a number, since it has no more axes than there are lengths
  const parts = shape.length < lengths.length ? [value] : (value as readonly Nested[])
  if (parts.length !== 1 && parts.length !== length) return null
  const filled = Array.from({ length }, (_, i) => fillShape(parts[parts.length === 1 ? 0 : i] ?? 0, inner))
  return filled.every((part) => part !== null) ? filled.flat() : null
}
