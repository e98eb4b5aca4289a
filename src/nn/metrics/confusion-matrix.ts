/** The confusion matrix, and the Matthews correlation that is made of it. */
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { classCount, givenClass, hasSeveralLabels, needsClasses, trueClass } from './classes.ts'
import { defineMetric, type MetricContext, type MetricRows } from './metric.ts'

/** Rows by their true class, then by the class they were given. */
type Matrix = number[][]

function emptyMatrix(_config: object, context: MetricContext): Matrix {
  const classes = classCount(context)
  return Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
}

function count(matrix: Matrix, rows: MetricRows, _config: object, context: MetricContext): void {
  for (let row = 0; row < rows.rows; row++) {
    const line = matrix[trueClass(rows, row, context)]
    const given = givenClass(rows, row, context)
    if (line) line[given] = (line[given] ?? 0) + 1
  }
}

function oneClassEach(name: string, context: MetricContext): string | null {
  const several = `${name} is for one class per row, but there are ${context.units} labels: use precision and recall`
  return needsClasses(name, context) ?? (hasSeveralLabels(context) ? several : null)
}

/**
 * How many rows of each class (a line) were given each class (a column), in the order of `labels`. It stands in the record of
 * a test; a history holds numbers only.
 */
export const confusionMatrix = defineMetric({
  config: Strict({ name: NameOf('confusion_matrix') }),
  direction: null,
  givesTable: () => true,
  fits: (context) => oneClassEach('confusion_matrix', context),
  init: emptyMatrix,
  update: count,
  result: (matrix, _config, { labels }) => ({ labels: labels ?? matrix.map((_, index) => String(index)), matrix }),
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/**
 * The correlation between true and given classes, from -1 to 1; 0 where either has one class only. For several classes the
 * form of Gorodkin 2004, as scikit-learn.
 * @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.matthews_corrcoef.html
 */
export const matthewsCorrelation = defineMetric({
  config: Strict({ name: NameOf('matthews_correlation', 'matthews_corrcoef', 'mcc') }),
  direction: 'up',
  fits: (context) => oneClassEach('matthews_correlation', context),
  init: emptyMatrix,
  update: count,
  result: (matrix) => {
    const truths = matrix.map(sum)
    const answers = matrix.map((_, column) => sum(matrix.map((line) => line[column] ?? 0)))
    const rows = sum(truths)
    if (rows === 0) return Number.NaN
    const right = sum(matrix.map((line, index) => line[index] ?? 0))
    const product = (a: readonly number[], b: readonly number[]) =>
      sum(a.map((value, index) => value * (b[index] ?? 0)))
    const spread = (rows ** 2 - product(answers, answers)) * (rows ** 2 - product(truths, truths))
    return spread === 0 ? 0 : (right * rows - product(truths, answers)) / Math.sqrt(spread)
  },
})
