/** How many values flow into and out of a unit, by which initial weights are scaled. */

/**
 * Keras' `compute_fans`: a vector counts for both; kernels of convolutions `[…, in, out]` count their window.
 */
export function fansOf(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    const [length = 1] = shape
    return { fanIn: length, fanOut: length }
  }
  const window = shape.slice(0, -2).reduce((product, length) => product * length, 1)
  return { fanIn: (shape.at(-2) ?? 1) * window, fanOut: (shape.at(-1) ?? 1) * window }
}
