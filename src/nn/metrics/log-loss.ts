/** The mean negative logarithm of the probability that the truth was given. */
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { needsClasses } from './classes.ts'
import { defineMetric, emptyMean, type MetricContext, type MetricRows, meanOf, truthAt } from './metric.ts'

/** Probabilities are kept this far from 0 and 1, as in the losses. */
const epsilon = 1e-7

const logarithm = (probability: number) => Math.log(Math.min(Math.max(probability, epsilon), 1 - epsilon))

/** -Σ y·log p over the classes of a row, whose probabilities are divided by their sum. */
function ofClasses(rows: MetricRows, row: number, context: MetricContext): number {
  const { units } = context
  let total = 0
  for (let unit = 0; unit < units; unit++) total += rows.yPred[row * units + unit] ?? 0
  let loss = 0
  for (let unit = 0; unit < units; unit++) {
    const truth = truthAt(rows, row, unit, context)
    if (truth !== 0) loss -= truth * logarithm((rows.yPred[row * units + unit] ?? 0) / total)
  }
  return loss
}

/** The mean over the labels of a row, each yes or no. */
function ofLabels({ yTrue, yPred }: MetricRows, row: number, { units }: MetricContext): number {
  let loss = 0
  for (let i = row * units; i < (row + 1) * units; i++) {
    const [truth, p] = [yTrue[i] ?? 0, yPred[i] ?? 0]
    loss -= truth * logarithm(p) + (1 - truth) * logarithm(1 - p)
  }
  return loss / units
}

/** @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.log_loss.html */
export const logLoss = defineMetric({
  config: Strict({ name: NameOf('log_loss') }),
  direction: 'down',
  fits: (context) => needsClasses('log_loss', context),
  init: emptyMean,
  update: (state, rows, _config, context) => {
    const ofRow = context.targetKind === 'binary' ? ofLabels : ofClasses
    for (let row = 0; row < rows.rows; row++) state.sum += ofRow(rows, row, context)
    state.count += rows.rows
  },
  result: meanOf,
})
