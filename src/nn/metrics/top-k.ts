/** Top-k accuracy: how often the right class is among the k most probable ones. */
import { Type } from 'typebox'
import { type NamedConfig, NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { needsClasses, trueClass } from './classes.ts'
import { defineMetric, emptyMean, type MeanState, type Metric, type MetricRows, meanOf } from './metric.ts'

interface TopKConfig extends NamedConfig {
  readonly k: number
}

/** The right class is among the first k where fewer than k have a larger probability: ties count for it, as in Keras. */
function isAmongFirst({ yPred }: MetricRows, start: number, units: number, right: number, k: number): boolean {
  const own = yPred[start + right] ?? Number.NaN
  if (!Number.isFinite(own)) return false
  let larger = 0
  for (let unit = 0; unit < units; unit++) if ((yPred[start + unit] ?? 0) > own) larger++
  return larger < k
}

const topK = (name: string): Metric =>
  defineMetric<TopKConfig, MeanState>({
    config: Strict({ name: NameOf(name), k: Type.Integer({ minimum: 1, default: 5 }) }),
    direction: 'up',
    fits: (context, { k }) => {
      if (context.targetKind === 'number' || context.targetKind === 'binary') {
        return needsClasses(name, context) ?? `${name} is for several classes, one unit each: use accuracy`
      }
      return k > context.units ? `${name} asks for the first ${k} of ${context.units} classes: give a smaller k` : null
    },
    init: emptyMean,
    update: (state, rows, { k }, context) => {
      const { units } = context
      for (let row = 0; row < rows.rows; row++) {
        if (isAmongFirst(rows, row * units, units, trueClass(rows, row, context), k)) state.sum++
      }
      state.count += rows.rows
    },
    result: meanOf,
  })

/** Both names are for class indices and one-hot rows alike. @see https://keras.io/api/metrics/accuracy_metrics/ */
export const topKCategoricalAccuracy = topK('top_k_categorical_accuracy')
export const sparseTopKCategoricalAccuracy = topK('sparse_top_k_categorical_accuracy')
