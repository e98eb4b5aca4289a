/** Means of the difference between truth and prediction. */
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { defineMetric, emptyMean, type MeanState, type MetricContext, type MetricRows, meanOf } from './metric.ts'

/** Sums `cost` of every difference. Class indices are compared as one-hot rows, so that they mean the same as those. */
function sumDifferences(
  state: MeanState,
  { rows, yTrue, yPred }: MetricRows,
  { targetKind, units }: MetricContext,
  cost: (difference: number) => number,
): void {
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      const i = row * units + unit
      const truth = targetKind === 'class_index' ? Number(yTrue[row] === unit) : (yTrue[i] ?? 0)
      state.sum += cost((yPred[i] ?? 0) - truth)
    }
  }
  state.count += rows * units
}

export const meanSquaredError = defineMetric({
  config: Strict({ name: NameOf('mean_squared_error', 'mse') }),
  direction: 'down',
  init: emptyMean,
  update: (state, rows, _config, context) => sumDifferences(state, rows, context, (error) => error * error),
  result: meanOf,
})

export const meanAbsoluteError = defineMetric({
  config: Strict({ name: NameOf('mean_absolute_error', 'mae') }),
  direction: 'down',
  init: emptyMean,
  update: (state, rows, _config, context) => sumDifferences(state, rows, context, Math.abs),
  result: meanOf,
})
