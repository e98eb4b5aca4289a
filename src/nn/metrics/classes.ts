/** Answers read as classes: the one with the largest probability, or yes and no by a threshold. */
import { Type } from 'typebox'
import type { MetricContext, MetricRows } from './metric.ts'

/** The index of the largest of `units` values from `start`; the first of equals, as NumPy. */
export function argMax(values: ArrayLike<number>, start: number, units: number): number {
  let best = 0
  for (let unit = 1; unit < units; unit++) {
    if ((values[start + unit] ?? 0) > (values[start + best] ?? 0)) best = unit
  }
  return best
}

/** Several labels per row, each yes or no by itself. */
export function hasSeveralLabels({ targetKind, units }: MetricContext): boolean {
  return targetKind === 'binary' && units > 1
}

/** One unit of yes and no has two classes. */
export function classCount({ units }: MetricContext): number {
  return Math.max(2, units)
}

/** The class that a row has. */
export function trueClass({ yTrue }: MetricRows, row: number, { targetKind, units }: MetricContext): number {
  if (targetKind === 'class_index') return yTrue[row] ?? 0
  return targetKind === 'one_hot' ? argMax(yTrue, row * units, units) : Number((yTrue[row] ?? 0) > 0.5)
}

/** The class that a row is given; above the threshold is a yes, the threshold itself a no. */
export function givenClass(
  { yPred }: MetricRows,
  row: number,
  { targetKind, units }: MetricContext,
  threshold = 0.5,
): number {
  return targetKind === 'binary' ? Number((yPred[row] ?? 0) > threshold) : argMax(yPred, row * units, units)
}

export const Threshold = Type.Number({
  minimum: 0,
  maximum: 1,
  default: 0.5,
  description: 'A probability above it is a yes; for targets of yes and no',
})

/** A metric of classes needs classes. */
export function needsClasses(name: string, { targetKind }: MetricContext): string | null {
  return targetKind === 'number' ? `${name} needs classes, but the target is a number: use mae or mse` : null
}

/** A threshold does nothing where the largest probability wins. */
export function thresholdMisfit(name: string, { targetKind }: MetricContext, threshold: number): string | null {
  if (targetKind === 'binary' || threshold === 0.5) return null
  return `${name} has a threshold of ${threshold}, but the class with the largest probability wins here: leave threshold out`
}
