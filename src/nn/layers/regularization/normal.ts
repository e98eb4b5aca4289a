/** Normal random numbers inside of the graph. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import type { CallContext } from '../layer.ts'

/**
 * Standard normal numbers in the shape of `like`, by Box and Muller from two uniform draws u, v for each:
 * √(-2·ln(1 - u)) · cos(2πv). With 24 bits to a draw none lies beyond 5.8 deviations.
 * @see Box & Muller 1958
 */
export function normalLike(op: Builder, like: Real, uniform: CallContext['uniform'], purpose: string): Real {
  const draw = uniform(like, `${purpose} radius`)
  const angle = uniform(like, `${purpose} angle`)
  const radius = op.Sqrt(op.Mul(op.Log(op.Sub(op.scalar(1, draw), draw)), op.scalar(-2, draw)))
  return op.Mul(radius, op.Cos(op.Mul(angle, op.scalar(2 * Math.PI, angle))))
}

/** What draws are for: the layer's own seed where it has one, else its name. */
export const purposeOf = (seed: number | null, layerName: string) => (seed === null ? layerName : `seed ${seed}`)
