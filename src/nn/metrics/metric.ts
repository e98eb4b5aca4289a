/** The form of a metric: what is known over a whole part of the data, gathered piece by piece. */
import type { TUnsafe } from 'typebox'
import type { TargetKind } from '../losses/loss.ts'
import type { NamedConfig } from '../named.ts'

/** What a metric has to know before it sees rows. */
export interface MetricContext {
  /** How `yTrue` is given: decides the kind of accuracy. Never guessed from shapes. */
  readonly targetKind: TargetKind
  /** Values of one answer: the last axis of the output. */
  readonly units: number
  /** The classes in words, where the target has them. */
  readonly labels?: readonly string[] | null
}

/** Some answers of a part, row-major: one per row, or one per step of a sequence. */
export interface MetricRows {
  readonly rows: number
  /** [rows, units], or class indices [rows] where `targetKind` is `class_index`. */
  readonly yTrue: ArrayLike<number>
  /** The model's output after its activation, [rows, units]. */
  readonly yPred: ArrayLike<number>
}

/** A number, or a table that stands in the record of a test but not in a history: one number per class, a confusion matrix. */
export type MetricValue = number | MetricTable
export type MetricTable =
  | readonly number[]
  | { readonly labels: readonly string[]; readonly matrix: readonly number[][] }

export interface Metric<C extends NamedConfig = NamedConfig, S = unknown> {
  readonly config: TUnsafe<C>
  /** Whether more is better; decides what the best epoch is. Null where that cannot be said. */
  readonly direction: 'up' | 'down' | null
  /** Whether it is a table with these arguments; left out: a number. */
  givesTable?(config: C): boolean
  /** What does not fit between the metric and the target, and what to do; null where all fits. */
  fits?(context: MetricContext, config: C): string | null
  init(config: C, context: MetricContext): S
  /** Takes the rows in, in place. The state stays plain JSON, so that a checkpoint can keep it. */
  update(state: S, rows: MetricRows, config: C, context: MetricContext): void
  /** The metric of all rows seen. NaN where there is none, as without rows. */
  result(state: S, config: C, context: MetricContext): MetricValue
}

/** A metric for the table: the type of its state is checked here and then forgotten. */
export function defineMetric<C extends NamedConfig, S>(metric: Metric<C, S>): Metric {
  return metric as unknown as Metric // a state is only ever given back to the metric that made it
}

/** A sum and what it is divided by, in float64: exact means, whatever the sizes of the pieces. */
export interface MeanState {
  sum: number
  count: number
}

export const emptyMean = (): MeanState => ({ sum: 0, count: 0 })

export const meanOf = ({ sum, count }: MeanState): number => sum / count

/** The true value beside a unit of the prediction. Class indices are read as one-hot rows, so that they mean the same. */
export function truthAt(
  { yTrue }: MetricRows,
  row: number,
  unit: number,
  { targetKind, units }: MetricContext,
): number {
  return targetKind === 'class_index' ? Number(yTrue[row] === unit) : (yTrue[row * units + unit] ?? 0)
}
