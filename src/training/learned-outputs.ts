/** What a training learns: the model's output, or each of several with a loss of its own, and how they are measured. */

import { lossOf } from '../nn/losses/index.ts'
import type { TargetKind } from '../nn/losses/loss.ts'
import { type Measurement, measure, type ResolvedMetric } from '../nn/metrics/index.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import { type TargetForm, targetForm } from './model-graph.ts'
import { type Answers, realSteps } from './real-steps.ts'

/** How an output is learned and measured. */
export interface OutputSettings {
  readonly loss: NamedConfig
  readonly metrics: readonly ResolvedMetric[]
  /** How metrics read the target (`metricTargetKind`). */
  readonly metricKind: TargetKind
  /** The classes in words, where the target has them. */
  readonly labels?: readonly string[] | null
}

/** One of several outputs. */
export interface LearnedOutput extends OutputSettings {
  /** In front of its keys in the history: `<name>_loss`, `<name>_<metric>`. */
  readonly name: string
  /** What its loss counts in the total. */
  readonly lossWeight: number
}

export interface Learned extends OutputSettings {
  readonly model: Model
  /** Of a model with several outputs: each of them in the model's order, the first one too. */
  readonly outputs?: readonly LearnedOutput[]
}

/** What a compiled program has to know of an output. */
export interface ProgramOutput {
  readonly loss: NamedConfig
  readonly target: TargetForm
  readonly lossWeight: number
}

/** Every output that a program learns. */
export function outputsOf(given: {
  readonly loss: NamedConfig
  readonly target: TargetForm
  readonly outputs?: readonly ProgramOutput[]
}): readonly ProgramOutput[] {
  const { loss, target, outputs } = given
  return outputs ?? [{ loss, target, lossWeight: 1 }]
}

/** The outputs of a training, for its programs: the first, and the others where there are several. */
export function programOutputs(learned: Pick<Learned, 'model' | 'loss' | 'outputs'>): {
  loss: NamedConfig
  target: TargetForm
  outputs?: readonly ProgramOutput[]
} {
  const formOf = (loss: NamedConfig, place: number) =>
    targetForm(lossOf(loss).targetKind, learned.model.outputs[place]?.shape ?? [])
  const { loss, outputs } = learned
  const first = { loss, target: formOf(loss, 0) }
  if (!outputs) return first
  return {
    ...first,
    outputs: outputs.map(({ loss: own, lossWeight }, i) => ({ loss: own, lossWeight, target: formOf(own, i) })),
  }
}

/** Measures every output of a training at once. */
export interface OutputMeasurement extends Omit<Measurement, 'update'> {
  /** Takes in what the output of this place gave to some rows; `mask` has their steps, null where all are real. */
  update(place: number, answers: Answers, mask: ArrayLike<number> | null): void
}

/**
 * The metrics of every output, under its name where there are several; `states` are those to go on from. Each step of a
 * sequence is an answer of its own; masked ones are none. Keras 3 leaves them out of means only (accuracies, absolute
 * errors), and counts them in curves, precision, recall, R² and root mean squares.
 */
export function measureOutputs(learned: Learned, states?: Readonly<Record<string, unknown>>): OutputMeasurement {
  const all = (learned.outputs ?? [{ ...learned, name: null }]).map(
    ({ name, metrics, metricKind: targetKind, labels = null }, i) => {
      const keyed = name === null ? metrics : metrics.map(({ key, config }) => ({ key: `${name}_${key}`, config }))
      const units = learned.model.outputs[i]?.shape.at(-1) ?? 1
      return { units, measurement: measure(keyed, { targetKind, units, labels }, states) }
    },
  )
  const merged = <T>(of: (one: Measurement) => Record<string, T>): Record<string, T> =>
    Object.assign({}, ...all.map(({ measurement }) => of(measurement)))
  return {
    update: (place, answers, mask) => {
      const one = all[place]
      if (!one) return
      const { yTrue, yPred } = mask ? realSteps(answers, mask) : answers
      one.measurement.update({ rows: yPred.length / one.units, yTrue, yPred })
    },
    results: () => merged((one) => one.results()),
    tables: () => merged((one) => one.tables()),
    states: () => merged((one) => one.states()),
  }
}

/** What the loss of each output counts in the total. */
export function lossWeights({ outputs }: { readonly outputs?: readonly { readonly lossWeight: number }[] }) {
  return outputs?.map(({ lossWeight }) => lossWeight) ?? [1]
}

/** The losses of several outputs under their keys; none where there is one output, whose loss is the total. */
export function outputLosses({ outputs = [] }: Learned, losses: readonly number[]): Record<string, number> {
  return Object.fromEntries(outputs.map(({ name }, i) => [`${name}_loss`, losses[i] as number]))
}
