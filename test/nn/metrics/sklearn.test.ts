/** Metrics against scikit-learn (test/fixtures/sklearn/make.py), in pieces of rows. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { TargetKind } from '../../../src/nn/losses/loss.ts'
import { measure, resolveMetric } from '../../../src/nn/metrics/index.ts'
import type { NamedConfig } from '../../../src/nn/named.ts'
import { flat, type Nested } from '../../support/keras.ts'

type ByAverage = Record<string, number | number[]>

interface Case {
  readonly kind: TargetKind
  readonly units: number
  readonly y_true: Nested
  readonly y_pred: Nested
  readonly [expected: string]: unknown
}

const file = new URL('../../fixtures/sklearn/metrics.json', import.meta.url)
const cases = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, Case>)

/** A metric of a case, its rows given in pieces of 7, its state through JSON in the middle. */
function measured({ kind, units, y_true, y_pred }: Case, given: string | object): unknown {
  const resolved = [resolveMetric(given as NamedConfig)]
  const context = { targetKind: kind, units }
  const [truth, predicted] = [flat(y_true), flat(y_pred)]
  const perRow = kind === 'class_index' ? 1 : units
  let measurement = measure(resolved, context)
  for (let row = 0; row * units < predicted.length; row += 7) {
    const yPred = predicted.slice(row * units, (row + 7) * units)
    const yTrue = truth.slice(row * perRow, (row + 7) * perRow)
    measurement.update({ rows: yPred.length / units, yTrue, yPred })
    if (row === 14) measurement = measure(resolved, context, JSON.parse(JSON.stringify(measurement.states())))
  }
  return Object.values({ ...measurement.results(), ...measurement.tables() })[0]
}

const near = (expected: unknown): unknown =>
  Array.isArray(expected) ? expected.map(near) : expect.closeTo(expected as number, 10)

const byAverage: readonly (readonly [string, object])[] = [
  ['precision', { name: 'precision' }],
  ['recall', { name: 'recall' }],
  ['f1', { name: 'f1' }],
  ['fbeta_half', { name: 'fbeta', beta: 0.5 }],
  ['fbeta_2', { name: 'fbeta_score', beta: 2 }],
  ['roc_auc', { name: 'roc_auc' }],
  ['pr_auc', { name: 'pr_auc' }],
]

const single: readonly (readonly [string, string | object])[] = [
  ['accuracy', 'accuracy'],
  ['log_loss', 'log_loss'],
  ['matthews', 'matthews_correlation'],
  ['top_2', { name: 'top_k_categorical_accuracy', k: 2 }],
  ['mse', 'mse'],
  ['rmse', 'rmse'],
  ['mae', 'mae'],
  ['mape', 'mape'],
  ['r2', 'r2'],
]

describe.each(cases)('%s', (_, data) => {
  test.each(byAverage.filter(([key]) => key in data))('%s, averaged every way', (key, metric) => {
    for (const [average, expected] of Object.entries(data[key] as ByAverage)) {
      expect(measured(data, { ...metric, average: average === 'none' ? null : average }), average).toEqual(
        near(expected),
      )
    }
  })

  test.each(single.filter(([key]) => typeof data[key] === 'number'))('%s', (key, metric) => {
    expect(measured(data, metric)).toEqual(near(data[key]))
  })
})

test.each(cases.filter(([, data]) => 'confusion' in data))('%s: confusion matrix', (_, data) => {
  expect(measured(data, 'confusion_matrix')).toMatchObject({ matrix: data.confusion })
})

test.each(cases.filter(([, data]) => 'msle' in data))('%s: msle of their sizes', (_, data) => {
  const sizes = { ...data, y_true: flat(data.y_true).map(Math.abs), y_pred: flat(data.y_pred).map(Math.abs) }
  expect(measured(sizes, 'msle')).toEqual(near(data.msle))
})
