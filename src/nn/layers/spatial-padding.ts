/**
 * Keras' rules for the lengths of spatial axes: what `padding: "same"` adds, and how long a transposed convolution's output is.
 * Where 'same' adds an odd number of places, the smaller half stands in front (TensorFlow; Caffe and PyTorch pad both sides alike).
 * @see https://www.tensorflow.org/api_docs/python/tf/nn#notes_on_padding_2
 */

/** Places in front of an axis and behind it. */
export interface Padding {
  readonly before: number
  readonly after: number
}

/** Smaller half in front. */
const halves = (total: number): Padding => ({ before: Math.floor(total / 2), after: Math.ceil(total / 2) })

/** How many places a kernel spans, with the gaps of its dilation. */
const span = (kernel: number, dilation: number) => (kernel - 1) * dilation + 1

/** The padding of 'same', total max((⌈length / stride⌉ - 1)·stride + span - length, 0): the output has ⌈length / stride⌉ places. */
export function samePadding(length: number, kernel: number, stride: number, dilation = 1): Padding {
  return halves(Math.max((Math.ceil(length / stride) - 1) * stride + span(kernel, dilation) - length, 0))
}

/** The padding of 'causal': all in front, so that no output sees what comes after it. */
export function causalPadding(kernel: number, dilation = 1): Padding {
  return { before: span(kernel, dilation) - 1, after: 0 }
}

/** One axis of a transposed convolution. */
export interface TransposedAxis {
  readonly kernel: number
  readonly stride: number
  readonly dilation?: number
  readonly padding: 'valid' | 'same'
  /** Places added at the end; null: as many as make the output as long as Keras promises without it. Below the stride. */
  readonly outputPadding: number | null
}

/** How ONNX's `ConvTranspose` gives the axis: what its pads take off the whole result, and what it leaves empty at the end. */
export interface TransposedPlacement extends Padding {
  readonly outputPadding: number
  /** Places of the output. */
  readonly length: number
}

/**
 * Where the output of a transposed convolution lies in the whole of (length - 1)·stride + span places: what is too much is cut
 * off, the smaller half in front; what is missing stays empty at the end.
 */
export function transposedPlacement(length: number, axis: TransposedAxis): TransposedPlacement {
  const result = transposedLength(length, axis)
  const surplus = (length - 1) * axis.stride + span(axis.kernel, axis.dilation ?? 1) - result
  return { ...halves(Math.max(surplus, 0)), outputPadding: Math.max(-surplus, 0), length: result }
}

/**
 * Without `outputPadding`: length·stride for 'same', and (length - 1)·stride + max(span, stride) for 'valid'. With it:
 * (length - 1)·stride + span + outputPadding, less 2·⌊span / 2⌋ for 'same'.
 */
function transposedLength(
  length: number,
  { kernel, stride, dilation = 1, padding, outputPadding }: TransposedAxis,
): number {
  const reach = span(kernel, dilation)
  const steps = (length - 1) * stride
  if (outputPadding === null) return steps + (padding === 'same' ? stride : Math.max(reach, stride))
  return steps + outputPadding + (padding === 'same' ? reach % 2 : reach)
}
