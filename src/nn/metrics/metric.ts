/** The form of a metric: a number over a whole part of the data, gathered piece by piece. */
import type { TUnsafe } from 'typebox'
import type { TargetKind } from '../losses/loss.ts'
import type { NamedConfig } from '../named.ts'

/** What a metric has to know before it sees rows. */
export interface MetricContext {
  /** How `yTrue` is given: decides the kind of accuracy. Never guessed from shapes. */
  readonly targetKind: TargetKind
  /** Values per row of the prediction: the output's size. */
  readonly units: number
}

/** Some rows of a part, row-major. */
export interface MetricRows {
  readonly rows: number
  /** [rows, units], or class indices [rows] where `targetKind` is `class_index`. */
  readonly yTrue: ArrayLike<number>
  /** The model's output after its activation, [rows, units]. */
  readonly yPred: ArrayLike<number>
}

export interface Metric<C extends NamedConfig = NamedConfig, S = unknown> {
  readonly config: TUnsafe<C>
  /** Whether more is better; decides what the best epoch is. */
  readonly direction: 'up' | 'down'
  /** What does not fit between the metric and the target, and what to do; null where all fits. */
  fits?(context: MetricContext): string | null
  init(config: C, context: MetricContext): S
  /** Takes the rows in, in place. */
  update(state: S, rows: MetricRows, config: C, context: MetricContext): void
  /** The metric of all rows seen. NaN where there were none. */
  result(state: S, config: C, context: MetricContext): number
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
