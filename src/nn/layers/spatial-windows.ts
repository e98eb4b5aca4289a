/** Where Keras' windows lie, as the attributes that ONNX's convolutions and pools take. */
import type { Real } from '../../onnx/value.ts'
import type { PaddingName, PerAxis, Rank } from './spatial-arguments.ts'
import { perAxis } from './spatial-arguments.ts'
import { causalPadding, type Padding, samePadding } from './spatial-padding.ts'

export interface Windows {
  readonly size: PerAxis
  readonly strides: PerAxis
  readonly dilation?: PerAxis
  readonly padding: PaddingName
}

export interface WindowPlaces {
  readonly kernel_shape: readonly number[]
  readonly strides: readonly number[]
  readonly dilations?: readonly number[]
  readonly pads: readonly number[]
}

/** The attributes for windows over `x`, [batch, channels, …places]; pads are written out, so that no runtime's rule matters. */
export function windowsOver(x: Real, rank: Rank, { size, strides, dilation, padding }: Windows): WindowPlaces {
  const kernel_shape = perAxis(size, rank)
  const steps = perAxis(strides, rank)
  const dilations = perAxis(dilation ?? 1, rank)
  const pads = kernel_shape.map((kernel, axis): Padding => {
    const stride = steps[axis] ?? 1
    const spread = dilations[axis] ?? 1
    if (padding === 'valid') return { before: 0, after: 0 }
    if (padding === 'causal') return causalPadding(kernel, spread)
    return samePadding(knownLength(x, axis + 2, stride), kernel, stride, spread)
  })
  return {
    kernel_shape,
    strides: steps,
    ...(dilations.some((spread) => spread > 1) ? { dilations } : {}),
    pads: [...pads.map(({ before }) => before), ...pads.map(({ after }) => after)],
  }
}

/** The length of an axis; with a stride of 1 the padding of 'same' is that of any length. */
function knownLength(x: Real, axis: number, stride: number): number {
  const length = x.shape[axis]
  if (typeof length === 'number') return length
  if (stride === 1) return 1
  throw new Error(`padding "same" with a stride above 1 needs the length of axis ${axis}, which is open (${length})`)
}
