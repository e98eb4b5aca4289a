import { describe, expect, test } from 'vitest'
import { lossOf, resolveLoss } from '../../../src/nn/losses/index.ts'
import type { Target, TargetKind } from '../../../src/nn/losses/loss.ts'
import { measure, metricOf, metrics, metricTargetKind, resolveMetric } from '../../../src/nn/metrics/index.ts'
import { modelOf, runModel } from '../../support/check-layer.ts'
import { numbers } from '../../support/graph.ts'

/** One metric over rows given in pieces of `size`. */
function measured(name: string, targetKind: TargetKind, yTrue: number[], yPred: number[], units: number, size = 100) {
  const measurement = measure([resolveMetric(name)], { targetKind, units })
  const perRow = targetKind === 'class_index' ? 1 : units
  const rows = yPred.length / units
  for (let at = 0; at < rows; at += size) {
    const count = Math.min(size, rows - at)
    measurement.update({
      rows: count,
      yTrue: yTrue.slice(at * perRow, (at + count) * perRow),
      yPred: yPred.slice(at * units, (at + count) * units),
    })
  }
  return measurement.results()[name]
}

describe("C22: 'accuracy' is of the kind that loss and target say", () => {
  const activated = async (activation: string, units: number, x: number[]) =>
    numbers((await runModel(modelOf([{ type: 'Activation', activation }], [units]), x, new Map())).y)
  const x = [3, -1, 1, -2, 2, 2.5, -3, -2, -1]

  test('binary: above 0.5 is a yes, 0.5 itself is a no', async () => {
    expect(measured('accuracy', 'binary', [1, 1, 0], await activated('sigmoid', 1, [0, 1, -1]), 1)).toBeCloseTo(2 / 3)
  })

  test('class indices: the class of the largest probability', async () => {
    expect(measured('accuracy', 'class_index', [0, 1, 2], await activated('softmax', 3, x), 3)).toBeCloseTo(2 / 3)
  })

  test('one-hot rows: the same', async () => {
    const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    expect(measured('accuracy', 'one_hot', identity, await activated('softmax', 3, x), 3)).toBeCloseTo(2 / 3)
  })

  test('several labels: each by itself, not the arg max', async () => {
    const labels = [1, 0, 0, 0, 1, 1, 0, 0, 0]
    expect(measured('accuracy', 'binary', labels, await activated('sigmoid', 3, x), 3)).toBeCloseTo(8 / 9)
  })

  test('numbers have none: the message says what to take', () => {
    const { config } = resolveMetric('accuracy')
    expect(metricOf(config).fits?.({ targetKind: 'number', units: 1 })).toContain('use mae or mse')
    expect(metricOf(config).fits?.({ targetKind: 'class_index', units: 3 })).toBeNull()
  })

  test.each<readonly [string, Target['kind'], TargetKind]>([
    ['mse', 'regression', 'number'],
    ['mse', 'binary', 'binary'],
    ['binary_crossentropy', 'binary', 'binary'],
    ['sparse_categorical_crossentropy', 'binary', 'class_index'],
    ['sparse_categorical_crossentropy', 'multiclass', 'class_index'],
    ['categorical_crossentropy', 'multiclass', 'one_hot'],
  ])('%s with a %s target is measured as %s', (loss, kind, expected) => {
    expect(metricTargetKind(lossOf(resolveLoss(loss)), { kind })).toBe(expected)
  })
})

test.each([1, 2, 3, 5])('C24: mse and mae are 7.4 and 2.6 in pieces of %i rows', (size) => {
  const x = [3, 3, 3, 3, 1]
  expect(measured('mse', 'number', [0, 0, 0, 0, 0], x, 1, size)).toBeCloseTo(7.4, 10)
  expect(measured('mae', 'number', [0, 0, 0, 0, 0], x, 1, size)).toBeCloseTo(2.6, 10)
})

test('mse and mae of class indices are those of one-hot rows', () => {
  const p = [0.7, 0.2, 0.1, 0.3, 0.3, 0.4]
  for (const name of ['mse', 'mae']) {
    expect(measured(name, 'class_index', [0, 2], p, 3)).toBe(measured(name, 'one_hot', [1, 0, 0, 0, 0, 1], p, 3))
  }
})

test('results carry the names that the request gave', () => {
  const resolved = ['mse', 'mean_squared_error', { name: 'mae' }, 'acc'].map(resolveMetric)
  const measurement = measure(resolved, { targetKind: 'binary', units: 1 })
  measurement.update({ rows: 2, yTrue: [0, 1], yPred: [0.5, 0.75] })
  expect(measurement.results()).toEqual({
    mse: 0.15625,
    mean_squared_error: 0.15625,
    mae: 0.375,
    acc: 1,
  })
})

test('a part without rows has no number', () => {
  expect(measure([resolveMetric('mae')], { targetKind: 'number', units: 1 }).results()).toEqual({ mae: Number.NaN })
})

test('a prediction that is not a number spoils means and is no right answer', () => {
  expect(measured('mse', 'number', [0, 0], [Number.NaN, 1], 1)).toBeNaN()
  expect(measured('accuracy', 'binary', [1, 0], [Number.NaN, 0], 1)).toBe(0.5)
})

test('C33: every metric says whether more of it is better', () => {
  expect(Object.entries(metrics).map(([name, { direction }]) => [name, direction])).toEqual([
    ['accuracy', 'up'],
    ['mean_squared_error', 'down'],
    ['mean_absolute_error', 'down'],
  ])
})
