/** Axes of a definition (channels last, the batch is axis 0) in values whose channels may come right after the batch. */

/** The axis of the same meaning in `x` of `rank` axes; negative axes count from the end of the definition's order. */
export function axisInLayout(axis: number, rank: number, channelAxis: 1 | -1): number {
  const counted = axis < 0 ? axis + rank : axis
  if (channelAxis === -1 || counted === 0) return counted
  return counted === rank - 1 ? 1 : counted + 1
}

/** Whether a layer may name the axis of samples of `inputShape`: any but the batch. */
export function isSampleAxis(axis: number, inputShape: readonly number[]): boolean {
  const rank = inputShape.length + 1
  return axis !== 0 && axis > -rank && axis < rank
}
