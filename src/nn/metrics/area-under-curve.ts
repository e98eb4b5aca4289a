/**
 * Areas under the ROC and the precision-recall curve, exact: no bins, and equal scores are one point of the curve.
 * Exact means that every score is kept until the part has been seen: 8 bytes per row and unit (8 MB for a million rows of yes
 * and no), in a checkpoint their text.
 */
import { Type } from 'typebox'
import { type NamedConfig, NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import { needsClasses } from './classes.ts'
import { defineMetric, type Metric, type MetricContext, type MetricValue } from './metric.ts'

type AverageName = 'micro' | 'macro' | 'weighted' | null

const Average = Type.Unsafe<AverageName>({
  enum: ['micro', 'macro', 'weighted', null],
  default: 'macro',
  description: 'Several classes, each against the rest; null: one number per class, in the record of a test only',
})

interface AreaConfig extends NamedConfig {
  readonly average: AverageName
}

interface Scores {
  /** As the rows give it: [rows, units], or class indices [rows]. */
  truth: number[]
  /** [rows, units] */
  scores: number[]
}

/** The scores of what is looked for and of all else, each ascending. */
interface Sides {
  readonly positive: Float64Array
  readonly negative: Float64Array
}

type Area = (sides: Sides) => number

/** How many from `start` on, going by `step`, are equal to `score`. */
function run(values: Float64Array, start: number, step: 1 | -1, score: number): number {
  let count = 0
  while (values[start + count * step] === score) count++
  return count
}

/** The chance that a positive has a higher score than a negative; a tie counts half (Mann and Whitney). */
const rocArea: Area = ({ positive, negative }) => {
  let below = 0
  let pairs = 0
  for (let i = 0; i < positive.length; ) {
    const score = positive[i] as number
    while (below < negative.length && (negative[below] as number) < score) below++
    const same = run(positive, i, 1, score)
    pairs += same * (below + run(negative, below, 1, score) / 2)
    i += same
  }
  return pairs / (positive.length * negative.length)
}

/** Σ (recall step · precision), score by score from the highest: average precision, which interpolates nothing. */
const precisionRecallArea: Area = ({ positive, negative }) => {
  let above = negative.length
  let area = 0
  for (let i = positive.length - 1; i >= 0; ) {
    const score = positive[i] as number
    while (above > 0 && (negative[above - 1] as number) >= score) above--
    const same = run(positive, i, -1, score)
    i -= same
    const found = positive.length - 1 - i
    area += (same / positive.length) * (found / (found + negative.length - above))
  }
  return area
}

/** The two sides of some units, one unit or all together; the truth of a unit is 1 or 0. */
function sidesOf({ truth, scores }: Scores, { targetKind, units }: MetricContext, wanted: readonly number[]): Sides {
  const sides: { positive: number[]; negative: number[] } = { positive: [], negative: [] }
  for (let row = 0; row * units < scores.length; row++) {
    for (const unit of wanted) {
      const yes = targetKind === 'class_index' ? truth[row] === unit : (truth[row * units + unit] as number) > 0.5
      sides[yes ? 'positive' : 'negative'].push(scores[row * units + unit] as number)
    }
  }
  // sorted as a typed array: by number, and several times as fast
  return { positive: Float64Array.from(sides.positive).sort(), negative: Float64Array.from(sides.negative).sort() }
}

/** NaN where there is nothing to tell apart. */
const areaOf = (sides: Sides, area: Area): number =>
  sides.positive.length === 0 || sides.negative.length === 0 ? Number.NaN : area(sides)

function resultOf(state: Scores, { average }: AreaConfig, context: MetricContext, area: Area): MetricValue {
  // a score that is not a number has no place in an order; JSON keeps it as null
  if (!state.scores.every(Number.isFinite)) return Number.NaN
  const { targetKind, units } = context
  const all = Array.from({ length: units }, (_, unit) => unit)
  // two classes are told apart by the score of the second, whatever units the output has
  if (average !== null && (units === 1 || (units === 2 && targetKind !== 'binary'))) {
    return areaOf(sidesOf(state, context, [units - 1]), area)
  }
  if (average === 'micro') return areaOf(sidesOf(state, context, all), area)
  const each = all.map((unit) => sidesOf(state, context, [unit]))
  const areas = each.map((sides) => areaOf(sides, area))
  if (average === null) return areas
  // a class that the part has not, or has alone, has no curve
  const defined = areas.flatMap((value, unit) => {
    const weight = average === 'weighted' ? (each[unit]?.positive.length ?? 0) : 1
    return Number.isNaN(value) ? [] : [{ value, weight }]
  })
  const total = defined.reduce((sum, { weight }) => sum + weight, 0)
  return defined.reduce((sum, { value, weight }) => sum + value * weight, 0) / total
}

const areaUnder = (name: string, alias: string, area: Area): Metric =>
  defineMetric<AreaConfig, Scores>({
    config: Strict({ name: NameOf(name, alias), average: Average }),
    direction: 'up',
    givesTable: ({ average }) => average === null,
    fits: (context) => needsClasses(name, context),
    init: () => ({ truth: [], scores: [] }),
    update: (state, { rows, yTrue, yPred }, _config, { targetKind, units }) => {
      const truths = targetKind === 'class_index' ? rows : rows * units
      for (let i = 0; i < truths; i++) state.truth.push(yTrue[i] ?? 0)
      for (let i = 0; i < rows * units; i++) state.scores.push(yPred[i] ?? 0)
    },
    result: (state, config, context) => resultOf(state, config, context, area),
  })

/** @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.roc_auc_score.html */
export const rocAuc = areaUnder('roc_auc', 'auc', rocArea)

/** @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.average_precision_score.html */
export const prAuc = areaUnder('pr_auc', 'average_precision', precisionRecallArea)
