/** What callbacks can watch: the numbers of the history, and whether less or more of each is better. */
import { bodyProblem } from '../errors.ts'
import { directionOf, type ResolvedMetric } from '../nn/metrics/index.ts'

export type Mode = 'min' | 'max'

/** The keys of a training's history, each with the direction in which it gets better: the metric's own, never its name's. */
export function monitors(
  metrics: readonly ResolvedMetric[],
  withValidation: boolean,
  outputLosses: readonly string[] = [],
): Map<string, Mode> {
  const own = metrics.flatMap((metric) => {
    const direction = directionOf(metric)
    return direction === null ? [] : [[metric.key, direction === 'up' ? 'max' : 'min'] as const]
  })
  const known = [...['loss', ...outputLosses].map((key) => [key, 'min'] as const), ...own]
  return new Map([...known, ...(withValidation ? known.map(([key, mode]) => [`val_${key}`, mode] as const) : [])])
}

/**
 * The direction of a number that a callback watches.
 * @throws {Problem} invalid_training where this training has no such number, with those that it has
 */
export function modeOf(monitor: string, known: ReadonlyMap<string, Mode>, pointer: string): Mode {
  const mode = known.get(monitor)
  if (mode) return mode
  const detail = `${pointer.slice(1).replaceAll('/', '.')}: this training has no "${monitor}"; it has ${[...known.keys()].join(', ')}.`
  throw bodyProblem('invalid_training', pointer, detail)
}
