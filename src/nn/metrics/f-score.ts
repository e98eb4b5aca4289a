/**
 * Precision, recall and F-beta, from the right and wrong answers of each class.
 * Two classes: the second one is what is looked for, unless `average` says otherwise, whatever units the output has. Several
 * labels: each label is a class of its own. A class that is never there and never given counts as 0, as in Keras.
 */
import { Type } from 'typebox'
import { type NamedConfig, NameOf } from '../named.ts'
import { Strict } from '../strict.ts'
import {
  classCount,
  givenClass,
  hasSeveralLabels,
  needsClasses,
  Threshold,
  thresholdMisfit,
  trueClass,
} from './classes.ts'
import { defineMetric, type Metric, type MetricContext, type MetricRows, type MetricValue } from './metric.ts'

/** How the classes become one number; null leaves them apart. `auto`: the second of two classes, else macro. */
type AverageName = 'auto' | 'micro' | 'macro' | 'weighted' | null

const Average = Type.Unsafe<AverageName>({
  enum: ['auto', 'micro', 'macro', 'weighted', null],
  default: 'auto',
  description: 'auto: the second of two classes, else macro; null: one number per class, in the record of a test only',
})

interface FConfig extends NamedConfig {
  readonly average: AverageName
  readonly threshold: number
}

/** Answers by class: right ones, wrong ones, and those that should have been given. */
interface Tally {
  rows: number
  tp: number[]
  fp: number[]
  fn: number[]
}

type Score = (tp: number, fp: number, fn: number) => number

/** What is 0 of 0 is 0. */
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

function emptyTally(_config: FConfig, context: MetricContext): Tally {
  const zeros = () => new Array<number>(hasSeveralLabels(context) ? context.units : classCount(context)).fill(0)
  return { rows: 0, tp: zeros(), fp: zeros(), fn: zeros() }
}

const addOne = (counts: number[], index: number) => {
  counts[index] = (counts[index] ?? 0) + 1
}

function tally(state: Tally, rows: MetricRows, { threshold }: FConfig, context: MetricContext): void {
  state.rows += rows.rows
  if (hasSeveralLabels(context)) tallyLabels(state, rows, threshold, context.units)
  else tallyClasses(state, rows, threshold, context)
}

function tallyClasses(state: Tally, rows: MetricRows, threshold: number, context: MetricContext): void {
  for (let row = 0; row < rows.rows; row++) {
    const [truth, given] = [trueClass(rows, row, context), givenClass(rows, row, context, threshold)]
    if (truth === given) addOne(state.tp, truth)
    else {
      addOne(state.fp, given)
      addOne(state.fn, truth)
    }
  }
}

function tallyLabels(
  { tp, fp, fn }: Tally,
  { rows, yTrue, yPred }: MetricRows,
  threshold: number,
  units: number,
): void {
  for (let i = 0; i < rows * units; i++) {
    const [truth, given] = [(yTrue[i] ?? 0) > 0.5, (yPred[i] ?? 0) > threshold]
    if (truth || given) addOne(truth && given ? tp : given ? fp : fn, i % units)
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** Each way from the scores of the classes to one number. */
const averages: Readonly<
  Record<Exclude<AverageName, null>, (state: Tally, score: Score, context: MetricContext) => number>
> = {
  auto: (state, score, context) =>
    !hasSeveralLabels(context) && classCount(context) === 2
      ? (scoresOf(state, score)[1] ?? Number.NaN)
      : averages.macro(state, score, context),
  micro: ({ tp, fp, fn }, score) => score(sum(tp), sum(fp), sum(fn)),
  macro: (state, score) => sum(scoresOf(state, score)) / state.tp.length,
  weighted: (state, score) => {
    const there = state.tp.map((right, index) => right + (state.fn[index] ?? 0))
    return share(sum(scoresOf(state, score).map((value, index) => value * (there[index] ?? 0))), sum(there))
  },
}

function scoresOf({ tp, fp, fn }: Tally, score: Score): number[] {
  return tp.map((right, index) => score(right, fp[index] ?? 0, fn[index] ?? 0))
}

function resultOf(state: Tally, { average }: FConfig, context: MetricContext, score: Score): MetricValue {
  if (average === null) return scoresOf(state, score)
  return state.rows === 0 ? Number.NaN : averages[average](state, score, context)
}

const common = {
  direction: 'up',
  init: emptyTally,
  update: tally,
  givesTable: ({ average }: FConfig) => average === null,
  fits: (context: MetricContext, { name, threshold }: FConfig) =>
    needsClasses(name, context) ?? thresholdMisfit(name, context, threshold),
} as const

const fixedScore = (name: string, alias: readonly string[], score: Score): Metric =>
  defineMetric<FConfig, Tally>({
    ...common,
    config: Strict({ name: NameOf(name, ...alias), average: Average, threshold: Threshold }),
    result: (state, config, context) => resultOf(state, config, context, score),
  })

/** The share of right answers among those given: tp / (tp + fp). */
export const precision = fixedScore('precision', [], (tp, fp) => share(tp, tp + fp))

/** The share of a class that was found: tp / (tp + fn). */
export const recall = fixedScore('recall', [], (tp, _fp, fn) => share(tp, tp + fn))

/** (1 + β²)·tp / ((1 + β²)·tp + β²·fn + fp): recall counts β times as much as precision. */
function fScore(beta: number): Score {
  const square = beta * beta
  return (tp, fp, fn) => share((1 + square) * tp, (1 + square) * tp + square * fn + fp)
}

/** The harmonic mean of precision and recall. */
export const f1 = fixedScore('f1_score', ['f1'], fScore(1))

/** @see https://scikit-learn.org/stable/modules/generated/sklearn.metrics.fbeta_score.html */
export const fbeta = defineMetric<FConfig & { readonly beta: number }, Tally>({
  ...common,
  config: Strict({
    name: NameOf('fbeta_score', 'fbeta'),
    beta: Type.Number({ exclusiveMinimum: 0, default: 1 }),
    average: Average,
    threshold: Threshold,
  }),
  result: (state, config, context) => resultOf(state, config, context, fScore(config.beta)),
})
