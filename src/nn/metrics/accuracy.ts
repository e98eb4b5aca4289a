/** Accuracy: the share of right answers. */
import { type NamedConfig, NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { givenClass, needsClasses, Threshold, trueClass } from './classes.ts'
import {
  defineMetric,
  emptyMean,
  type MeanState,
  type Metric,
  type MetricContext,
  type MetricRows,
  meanOf,
} from './metric.ts'

/** Several labels count one by one. */
function countLabels(state: MeanState, { rows, yTrue, yPred }: MetricRows, units: number, threshold: number): void {
  for (let i = 0; i < rows * units; i++) {
    if ((yPred[i] ?? 0) > threshold === (yTrue[i] ?? 0) > 0.5) state.sum++
  }
  state.count += rows * units
}

function countClasses(state: MeanState, rows: MetricRows, context: MetricContext): void {
  for (let row = 0; row < rows.rows; row++) {
    if (trueClass(rows, row, context) === givenClass(rows, row, context)) state.sum++
  }
  state.count += rows.rows
}

function count(state: MeanState, rows: MetricRows, context: MetricContext, threshold = 0.5): void {
  if (context.targetKind === 'binary') countLabels(state, rows, context.units, threshold)
  else countClasses(state, rows, context)
}

const common = { direction: 'up', init: emptyMean, result: meanOf } as const

/**
 * By the kind of the target: yes or no (above 0.5 is yes, 0.5 is no; several labels count one by one), or the class of
 * the largest probability. Keras guesses the kind from shapes and takes the arg max of several labels.
 */
export const accuracy = defineMetric({
  ...common,
  config: Strict({ name: NameOf('accuracy', 'acc') }),
  fits: (context) => needsClasses('accuracy', context),
  update: (state, rows, _config, context) => count(state, rows, context),
})

/** The share of right answers of yes and no; several labels count one by one. */
export const binaryAccuracy = defineMetric({
  ...common,
  config: Strict({ name: NameOf('binary_accuracy'), threshold: Threshold }),
  fits: (context) =>
    needsClasses('binary_accuracy', context) ??
    (context.targetKind === 'binary' ? null : 'binary_accuracy is for targets of yes and no: use accuracy'),
  update: (state, rows, { threshold }, context) => count(state, rows, context, threshold),
})

/** The share of rows whose class has the largest probability; both names are for class indices and one-hot rows alike. */
const ofClasses = <N extends string>(name: N): Metric =>
  defineMetric<NamedConfig, MeanState>({
    ...common,
    config: Strict({ name: NameOf(name) }),
    fits: (context) =>
      needsClasses(name, context) ??
      (context.targetKind === 'binary' ? `${name} is for several classes, one unit each: use accuracy` : null),
    update: (state, rows, _config, context) => count(state, rows, context),
  })

export const categoricalAccuracy = ofClasses('categorical_accuracy')
export const sparseCategoricalAccuracy = ofClasses('sparse_categorical_accuracy')
