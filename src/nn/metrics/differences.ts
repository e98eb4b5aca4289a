/** Means of the difference between truth and prediction. */
import { type NamedConfig, NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import {
  defineMetric,
  emptyMean,
  type MeanState,
  type Metric,
  type MetricContext,
  type MetricRows,
  meanOf,
  truthAt,
} from './metric.ts'

/** Keras' epsilon. */
const epsilon = 1e-7

type Cost = (predicted: number, truth: number) => number

/** Sums the cost of every value. */
function sumCosts(state: MeanState, rows: MetricRows, context: MetricContext, cost: Cost): void {
  const { units } = context
  for (let row = 0; row < rows.rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      state.sum += cost(rows.yPred[row * units + unit] ?? 0, truthAt(rows, row, unit, context))
    }
  }
  state.count += rows.rows * units
}

const squared: Cost = (predicted, truth) => (predicted - truth) ** 2

const meanCost = (name: string, alias: string, cost: Cost, result: (state: MeanState) => number = meanOf): Metric =>
  defineMetric<NamedConfig, MeanState>({
    config: Strict({ name: NameOf(name, alias) }),
    direction: 'down',
    init: emptyMean,
    update: (state, rows, _config, context) => sumCosts(state, rows, context, cost),
    result,
  })

/** mean((yPred - yTrue)²) */
export const meanSquaredError = meanCost('mean_squared_error', 'mse', squared)

/** √mean((yPred - yTrue)²), the root of the mean over all values, as Keras. */
export const rootMeanSquaredError = meanCost('root_mean_squared_error', 'rmse', squared, (state) =>
  Math.sqrt(meanOf(state)),
)

/** mean(|yPred - yTrue|) */
export const meanAbsoluteError = meanCost('mean_absolute_error', 'mae', (predicted, truth) =>
  Math.abs(predicted - truth),
)

/** 100 · mean(|yPred - yTrue| / max(|yTrue|, 1e-7)), in percent, as Keras (scikit-learn gives the share). */
export const meanAbsolutePercentageError = meanCost(
  'mean_absolute_percentage_error',
  'mape',
  (predicted, truth) => (100 * Math.abs(predicted - truth)) / Math.max(Math.abs(truth), epsilon),
)

const logarithm = (value: number) => Math.log1p(Math.max(value, epsilon))

/** mean((log(1 + yPred) - log(1 + yTrue))²); what is below 1e-7 counts as 1e-7, as in Keras. */
export const meanSquaredLogarithmicError = meanCost(
  'mean_squared_logarithmic_error',
  'msle',
  (predicted, truth) => (logarithm(predicted) - logarithm(truth)) ** 2,
)
