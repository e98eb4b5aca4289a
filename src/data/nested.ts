/** Nested lists, as JSON says tensors, to and from numbers in row-major order. */

/** A list of numbers, or of lists. */
export type Nested = readonly (number | Nested)[]

/** Deeper lists than a network's input may have axes are refused. */
const MOST_AXES = 8

/** The shape that the first elements speak for: [2, 3] for [[1, 2, 3], [4, 5, 6]]; null for what is no list. */
export function nestedShape(value: unknown): number[] | null {
  if (!Array.isArray(value)) return null
  const shape: number[] = []
  for (let inner: unknown = value; Array.isArray(inner) && shape.length <= MOST_AXES; inner = inner[0]) {
    shape.push(inner.length)
  }
  return shape
}

/**
 * Writes nested lists of exactly this shape to `out` from `offset` on.
 * @returns what is wrong, in words that follow "received"; null where all is written
 */
export function writeNested(
  value: unknown,
  shape: readonly number[],
  out: Float32Array | Float64Array,
  offset: number,
): string | null {
  if (shape.length > MOST_AXES) return `lists more than ${MOST_AXES} deep`
  return writeAxis(value, shape, 0, out, { offset })
}

function writeAxis(
  value: unknown,
  shape: readonly number[],
  axis: number,
  out: Float32Array | Float64Array,
  at: { offset: number },
): string | null {
  if (!Array.isArray(value)) return shown(value)
  if (value.length !== shape[axis]) return `a list of ${value.length}${axis === 0 ? '' : ' inside'}`
  const innermost = axis === shape.length - 1
  for (let i = 0; i < value.length; i++) {
    const inner: unknown = value[i]
    if (!innermost) {
      const fault = writeAxis(inner, shape, axis + 1, out, at)
      if (fault !== null) return axis === 0 ? `${fault} at [${i}]` : fault
    } else if (typeof inner === 'number' && Math.abs(inner) <= LARGEST) out[at.offset++] = inner
    else return `${shown(inner)}${axis === 0 ? ` at [${i}]` : ''}`
  }
  return null
}

/** The largest float32: what is larger would become infinite. */
const LARGEST = 3.4028234663852886e38

function shown(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? `${value}, which float32 cannot hold` : `${value}`
  if (Array.isArray(value)) return `a list of ${value.length}`
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60)
}

/** Numbers in row-major order from `offset` on as nested lists. */
export function toNested(values: ArrayLike<number>, shape: readonly number[], offset = 0): Nested {
  const [length = 0, ...inner] = shape
  const stride = inner.reduce((product, n) => product * n, 1)
  return Array.from({ length }, (_, i) =>
    inner.length === 0 ? (values[offset + i] as number) : toNested(values, inner, offset + i * stride),
  )
}
