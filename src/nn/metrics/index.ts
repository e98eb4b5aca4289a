/** The table of metrics, by their Keras names, and metrics as requests give them. */

import type { Loss, Target, TargetKind } from '../losses/loss.ts'
import { entryOf, type Given, type NamedConfig, type NamedTable, referenceTo, resolveNamed } from '../named.ts'
import { accuracy } from './accuracy.ts'
import { meanAbsoluteError, meanSquaredError } from './differences.ts'
import type { Metric, MetricContext, MetricRows } from './metric.ts'

export const metrics: NamedTable<Metric> = {
  accuracy,
  mean_squared_error: meanSquaredError,
  mean_absolute_error: meanAbsoluteError,
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

/** How the truth is given to metrics: from the loss and the target, never from shapes. */
export function metricTargetKind(loss: Loss, target: Target): TargetKind {
  // two classes learned as the numbers 0 and 1
  return loss.targetKind === 'number' && target.kind !== 'regression' ? 'binary' : loss.targetKind
}

export interface Measurement {
  /** Takes rows in. */
  update(rows: MetricRows): void
  /** Every metric over all rows so far, by its key. */
  results(): Record<string, number>
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
  return {
    update: (rows) => {
      for (const { metric, state, config } of running) metric.update(state, rows, config, context)
    },
    results: () =>
      Object.fromEntries(running.map(({ key, metric, state, config }) => [key, metric.result(state, config, context)])),
    states: () => Object.fromEntries(running.map(({ key, state }) => [key, structuredClone(state)])),
  }
}
