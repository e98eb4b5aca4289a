/** The table of metrics, by their Keras names, and metrics as requests give them. */

import type { Loss, Target, TargetKind } from '../losses/loss.ts'
import { entryOf, type Given, type NamedConfig, type NamedTable, referenceTo, resolveNamed } from '../named.ts'
import { accuracy, binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy } from './accuracy.ts'
import { prAuc, rocAuc } from './area-under-curve.ts'
import { confusionMatrix, matthewsCorrelation } from './confusion-matrix.ts'
import {
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  rootMeanSquaredError,
} from './differences.ts'
import { f1, fbeta, precision, recall } from './f-score.ts'
import { logLoss } from './log-loss.ts'
import type { Metric, MetricContext, MetricRows, MetricTable } from './metric.ts'
import { r2 } from './r2.ts'
import { sparseTopKCategoricalAccuracy, topKCategoricalAccuracy } from './top-k.ts'

export const metrics: NamedTable<Metric> = {
  accuracy,
  binary_accuracy: binaryAccuracy,
  categorical_accuracy: categoricalAccuracy,
  sparse_categorical_accuracy: sparseCategoricalAccuracy,
  top_k_categorical_accuracy: topKCategoricalAccuracy,
  sparse_top_k_categorical_accuracy: sparseTopKCategoricalAccuracy,
  precision,
  recall,
  f1_score: f1,
  fbeta_score: fbeta,
  roc_auc: rocAuc,
  pr_auc: prAuc,
  log_loss: logLoss,
  matthews_correlation: matthewsCorrelation,
  confusion_matrix: confusionMatrix,
  mean_squared_error: meanSquaredError,
  root_mean_squared_error: rootMeanSquaredError,
  mean_absolute_error: meanAbsoluteError,
  mean_absolute_percentage_error: meanAbsolutePercentageError,
  mean_squared_logarithmic_error: meanSquaredLogarithmicError,
  r2_score: r2,
}

/** A metric in a request: its name, or an object with `name` and arguments. */
export const MetricSchema = referenceTo(metrics)

/** A metric of a training: its arguments, and its key in the history: the name as the request gave it. */
export interface ResolvedMetric {
  readonly key: string
  readonly config: NamedConfig
}

/** A metric with every default filled in. */
export function resolveMetric(given: Given): ResolvedMetric {
  return { key: typeof given === 'string' ? given : given.name, config: resolveNamed(metrics, given) }
}

/** The functions of a resolved metric. */
export function metricOf(config: NamedConfig): Metric {
  return entryOf(metrics, config)
}

/** Whether more of a metric is better; null where that cannot be said of it, or where it is a table. */
export function directionOf({ config }: ResolvedMetric): Metric['direction'] {
  const metric = metricOf(config)
  return metric.givesTable?.(config) ? null : metric.direction
}

/** How the truth is given to metrics: from the loss and the target, never from shapes. */
export function metricTargetKind(loss: Loss, target: Target): TargetKind {
  if (target.kind === 'regression') return 'number' // also where the loss compares vectors
  // two classes learned as the numbers 0 and 1
  return loss.targetKind === 'number' ? 'binary' : loss.targetKind
}

export interface Measurement {
  /** Takes rows in. */
  update(rows: MetricRows): void
  /** Every metric that is a number over all rows so far, by its key. */
  results(): Record<string, number>
  /** Every metric that is a table, by its key: it stands in the record of a test, not in a history. */
  tables(): Record<string, MetricTable>
  /** What each metric has gathered, as JSON, to go on from later. */
  states(): Record<string, unknown>
}

/** Measures a part of the data, all metrics at once; `states` are those of a measurement to go on from. */
export function measure(
  resolved: readonly ResolvedMetric[],
  context: MetricContext,
  states: Readonly<Record<string, unknown>> = {},
): Measurement {
  const running = resolved.map(({ key, config }) => {
    const metric = metricOf(config)
    return { key, config, metric, state: states[key] ?? metric.init(config, context) }
  })
  const values = () =>
    running.map(({ key, metric, state, config }) => [key, metric.result(state, config, context)] as const)
  return {
    update: (rows) => {
      for (const { metric, state, config } of running) metric.update(state, rows, config, context)
    },
    results: () =>
      Object.fromEntries(values().flatMap(([key, value]) => (typeof value === 'number' ? [[key, value]] : []))),
    tables: () =>
      Object.fromEntries(values().flatMap(([key, value]) => (typeof value === 'number' ? [] : [[key, value]]))),
    states: () => Object.fromEntries(running.map(({ key, state }) => [key, copyOf(state)])),
  }
}

/** A copy of plain JSON; long lists of numbers, the scores of a curve, are copied as one block after every native run. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return typeof value[0] === 'object' ? value.map(copyOf) : value.slice()
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, copyOf(part)]))
}
