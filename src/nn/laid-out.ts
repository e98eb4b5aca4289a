/**
 * A value with its layout. Convolutions run channels first inside, definitions are channels last: the value is transposed
 * where the two meet, once, and only if somebody asks for the other form. `last` is the definition's order: where a
 * definition has its channels first (`data_format`), that is what convolutions want as it is.
 */
import type { Builder } from '../onnx/builder.ts'
import type { Real } from '../onnx/value.ts'

export interface LaidOut {
  /** [batch, …places, channels] */
  last(): Real
  /** [batch, channels, …places] */
  first(): Real
  /** The form it was made in. */
  readonly made: 'last' | 'first'
}

const axesOf = ({ shape }: Real) => shape.map((_, axis) => axis)

/** Matrices and vectors have one form only. */
const hasPlaces = (x: Real) => x.shape.length > 2

/** A value whose channels are last. */
export function channelsLast(op: Builder, x: Real): LaidOut {
  let other: Real | null = null
  const first = () => {
    if (!hasPlaces(x)) return x
    const [batch = 0, ...rest] = axesOf(x)
    other ??= op.Transpose(x, { perm: [batch, rest.at(-1) ?? 0, ...rest.slice(0, -1)] })
    return other
  }
  return { made: 'last', last: () => x, first }
}

/** A value whose channels come right after the batch. */
export function channelsFirst(op: Builder, x: Real): LaidOut {
  let other: Real | null = null
  const last = () => {
    if (!hasPlaces(x)) return x
    const [batch = 0, channels = 0, ...places] = axesOf(x)
    other ??= op.Transpose(x, { perm: [batch, ...places, channels] })
    return other
  }
  return { made: hasPlaces(x) ? 'first' : 'last', last, first: () => x }
}
