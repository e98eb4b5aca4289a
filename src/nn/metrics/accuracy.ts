/** Accuracy: the share of right answers. */
import type { TargetKind } from '../losses/loss.ts'
import { NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { defineMetric, emptyMean, type MeanState, type MetricContext, type MetricRows, meanOf } from './metric.ts'

type Count = (state: MeanState, rows: MetricRows, context: MetricContext) => void

/** The index of the largest of `units` values from `start`; the first of equals, as NumPy. */
function argMax(values: ArrayLike<number>, start: number, units: number): number {
  let best = 0
  for (let unit = 1; unit < units; unit++) {
    if ((values[start + unit] ?? 0) > (values[start + best] ?? 0)) best = unit
  }
  return best
}

const countBinary: Count = (state, { rows, yTrue, yPred }, { units }) => {
  for (let i = 0; i < rows * units; i++) {
    if ((yPred[i] ?? 0) > 0.5 === (yTrue[i] ?? 0) > 0.5) state.sum++
  }
  state.count += rows * units
}

const countClassIndex: Count = (state, { rows, yTrue, yPred }, { units }) => {
  for (let row = 0; row < rows; row++) {
    if (argMax(yPred, row * units, units) === yTrue[row]) state.sum++
  }
  state.count += rows
}

const countOneHot: Count = (state, { rows, yTrue, yPred }, { units }) => {
  for (let row = 0; row < rows; row++) {
    if (argMax(yPred, row * units, units) === argMax(yTrue, row * units, units)) state.sum++
  }
  state.count += rows
}

const counts: Readonly<Record<TargetKind, Count | null>> = {
  binary: countBinary,
  class_index: countClassIndex,
  one_hot: countOneHot,
  number: null,
}

/**
 * By the kind of the target: yes or no (above 0.5 is yes, 0.5 is no; several labels count one by one), or the class of
 * the largest probability. Keras guesses the kind from shapes and takes the arg max of several labels.
 */
export const accuracy = defineMetric({
  config: Strict({ name: NameOf('accuracy', 'acc') }),
  direction: 'up',
  fits: ({ targetKind }) =>
    counts[targetKind] ? null : 'accuracy needs classes, but the target is a number: use mae or mse',
  init: emptyMean,
  update: (state, rows, _config, context) => {
    const count = counts[context.targetKind]
    if (!count) throw new Error('accuracy of numbers')
    count(state, rows, context)
  },
  result: meanOf,
})
