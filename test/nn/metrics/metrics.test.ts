import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lossOf, resolveLoss } from '../../../src/nn/losses/index.ts'
import type { Target, TargetKind } from '../../../src/nn/losses/loss.ts'
import {
  directionOf,
  type Measurement,
  measure,
  metricOf,
  metrics,
  metricTargetKind,
  resolveMetric,
} from '../../../src/nn/metrics/index.ts'
import type { Given } from '../../../src/nn/named.ts'
import { modelOf, runModel } from '../../support/check-layer.ts'
import { numbers } from '../../support/graph.ts'

/** One metric over rows given in pieces of `size`. */
function measurementOf(
  given: string | object,
  targetKind: TargetKind,
  yTrue: number[],
  yPred: number[],
  units: number,
  size = 100,
): Measurement {
  const measurement = measure([resolveMetric(given as Given)], { targetKind, units })
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
  return measurement
}

const measured = (...given: Parameters<typeof measurementOf>) => Object.values(measurementOf(...given).results())[0]
const table = (...given: Parameters<typeof measurementOf>) => Object.values(measurementOf(...given).tables())[0]

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
    expect(metricOf(config).fits?.({ targetKind: 'number', units: 1 }, config)).toContain('use mae or mse')
    expect(metricOf(config).fits?.({ targetKind: 'class_index', units: 3 }, config)).toBeNull()
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
  const names = (wanted: 'up' | 'down' | null) =>
    Object.entries(metrics).flatMap(([name, { direction }]) => (direction === wanted ? [name] : []))
  expect(names('down')).toEqual([
    'log_loss',
    'mean_squared_error',
    'root_mean_squared_error',
    'mean_absolute_error',
    'mean_absolute_percentage_error',
    'mean_squared_logarithmic_error',
  ])
  expect(names(null)).toEqual(['confusion_matrix'])
  const up = ['accuracy', 'precision', 'recall', 'fbeta_score', 'roc_auc', 'pr_auc', 'matthews_correlation', 'r2_score']
  expect(names('up')).toEqual(expect.arrayContaining(up))
})

test('a table has no direction: a history does not hold it', () => {
  const of = (given: string | object) => directionOf(resolveMetric(given as Given))
  expect([of('recall'), of({ name: 'recall', average: null })]).toEqual(['up', null])
  expect([of('auc'), of({ name: 'auc', average: null })]).toEqual(['up', null])
  expect([of('confusion_matrix'), of('rmse')]).toEqual([null, 'down'])
  expect(table({ name: 'auc', average: null }, 'binary', [0, 1], [0.2, 0.9], 1)).toEqual([1])
})

describe('C20: F-beta', () => {
  const half = { name: 'fbeta', beta: 0.5 }

  test('without positives it is 0', () => {
    expect(measured(half, 'binary', [0, 0, 0], [0.2, 0.3, 0.1], 1)).toBe(0)
  })

  test('macro is over all classes of the model: one that is not there counts 0', () => {
    const predicted = [0.8, 0.1, 0.1, 0.7, 0.2, 0.1, 0.1, 0.8, 0.1, 0.6, 0.3, 0.1]
    expect(measured({ ...half, average: 'macro' }, 'class_index', [0, 0, 1, 1], predicted, 3)).toBeCloseTo(
      0.51587302,
      7,
    )
    expect(table({ ...half, average: null }, 'class_index', [0, 0, 1, 1], predicted, 3)).toEqual(
      [0.71428567, 0.83333313, 0].map((value) => expect.closeTo(value, 5)),
    )
  })

  test('one column is yes above 0.5, not always', () => {
    expect(measured(half, 'binary', [1, 0, 0], [0.9, 0.2, 0.1], 1)).toBe(1)
  })

  test('a threshold of your own moves the border', () => {
    const [y, p] = [
      [1, 0, 1, 0],
      [0.4, 0.35, 0.2, 0.1],
    ]
    expect(measured({ name: 'recall', threshold: 0.3 }, 'binary', y, p, 1)).toBe(0.5)
    expect(measured({ name: 'precision', threshold: 0.36 }, 'binary', y, p, 1)).toBe(1)
    expect(measured({ name: 'binary_accuracy', threshold: 0.15 }, 'binary', y, p, 1)).toBe(0.75)
  })
})

test('two classes have the same scores on one unit and on two', () => {
  const y = [0, 1, 1, 0, 1]
  const p = [0.3, 0.8, 0.4, 0.6, 0.6]
  const two = p.flatMap((value) => [1 - value, value])
  for (const name of [
    'precision',
    'recall',
    'f1',
    'roc_auc',
    'pr_auc',
    'matthews_correlation',
    'log_loss',
    'accuracy',
  ]) {
    const one = measured(name, 'binary', y, p, 1)
    expect(measured(name, 'class_index', y, two, 2), name).toBeCloseTo(one as number, 12)
    const rows = y.flatMap((index) => [1 - index, index])
    expect(measured(name, 'one_hot', rows, two, 2), name).toBeCloseTo(one as number, 12)
  }
})

describe('areas under curves', () => {
  test('equal scores of both sides are half right', () => {
    expect(measured('roc_auc', 'binary', [0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 1)).toBe(0.5)
    expect(measured('roc_auc', 'binary', [0, 1, 1], [0.2, 0.2, 0.9], 1)).toBe(0.75)
    expect(measured('pr_auc', 'binary', [0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5], 1)).toBe(0.5)
  })

  test('a part with one class only has none', () => {
    expect(measured('roc_auc', 'binary', [1, 1], [0.2, 0.9], 1)).toBeNaN()
    expect(measured('pr_auc', 'binary', [0, 0], [0.2, 0.9], 1)).toBeNaN()
  })

  test('of several classes, those that are there count', () => {
    const predicted = [0.6, 0.3, 0.1, 0.2, 0.7, 0.1, 0.4, 0.5, 0.1]
    expect(measured('roc_auc', 'class_index', [0, 1, 1], predicted, 3)).toBe(1)
  })

  test('a score that is not a number spoils them, also after a checkpoint', () => {
    expect(measured('roc_auc', 'binary', [1, 0], [Number.NaN, 0.2], 1)).toBeNaN()
    const measurement = measure([resolveMetric('auc')], { targetKind: 'binary', units: 1 })
    measurement.update({ rows: 2, yTrue: [1, 0], yPred: [Number.NaN, 0.2] })
    const states = JSON.parse(JSON.stringify(measurement.states()))
    expect(measure([resolveMetric('auc')], { targetKind: 'binary', units: 1 }, states).results().auc).toBeNaN()
  })

  test('every pair counted by hand gives the same (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5)), { minLength: 2, maxLength: 30 }), (rows) => {
        const pairs = rows.flatMap(([a, x]) =>
          rows.flatMap(([b, y]) => (a && !b ? [x > y ? 1 : x === y ? 0.5 : 0] : [])),
        )
        const mean = pairs.reduce<number>((sum, value) => sum + value, 0) / pairs.length
        const [yTrue, yPred] = [rows.map(([yes]) => Number(yes)), rows.map(([, score]) => score / 5)]
        const found = measured('roc_auc', 'binary', yTrue, yPred, 1, 4)
        if (pairs.length === 0) expect(found).toBeNaN()
        else expect(found).toBeCloseTo(mean, 12)
      }),
    )
  })
})

test('the confusion matrix is a table with the labels of the target, not a number of the history', () => {
  const context = { targetKind: 'class_index', units: 3, labels: ['cat', 'dog', 'owl'] } as const
  const measurement = measure(['accuracy', 'confusion_matrix'].map(resolveMetric), context)
  measurement.update({ rows: 2, yTrue: [0, 2], yPred: [0.1, 0.8, 0.1, 0.2, 0.2, 0.6] })
  expect(measurement.results()).toEqual({ accuracy: 0.5 })
  const matrix = [
    [0, 1, 0],
    [0, 0, 0],
    [0, 0, 1],
  ]
  expect(measurement.tables()).toEqual({ confusion_matrix: { labels: ['cat', 'dog', 'owl'], matrix } })
})

test('top-k: ties count for the right class, as in Keras', () => {
  const two = { name: 'top_k_categorical_accuracy', k: 2 }
  expect(measured(two, 'class_index', [2, 0], [0.4, 0.3, 0.3, 0.2, 0.4, 0.4], 3)).toBe(0.5)
  expect(measured(two, 'one_hot', [0, 0, 1, 1, 0, 0], [0.4, 0.3, 0.3, 0.2, 0.4, 0.4], 3)).toBe(0.5)
})

test('r2 where the truth does not vary: 1 if all is right, else 0; none below two rows', () => {
  expect(measured('r2', 'number', [2, 2], [2, 2], 1)).toBe(1)
  expect(measured('r2', 'number', [2, 2], [2, 3], 1)).toBe(0)
  expect(measured('r2', 'number', [2], [2], 1)).toBeNaN()
})

test('r2 of large numbers loses no digits', () => {
  const y = [1e9 + 1, 1e9 + 2, 1e9 + 3]
  expect(measured('r2', 'number', y, [1e9 + 1, 1e9 + 2, 1e9 + 4], 1)).toBeCloseTo(0.5, 10)
})

describe('whether a metric fits the target', () => {
  const fits = (given: Given, targetKind: TargetKind, units: number) => {
    const { config } = resolveMetric(given)
    return metricOf(config).fits?.({ targetKind, units }, config) ?? null
  }

  test.each<[Given, TargetKind, number]>([
    ['binary_accuracy', 'binary', 1],
    ['sparse_categorical_accuracy', 'class_index', 3],
    ['categorical_accuracy', 'class_index', 3],
    [{ name: 'top_k_categorical_accuracy', k: 2 } as Given, 'class_index', 3],
    ['r2', 'number', 1],
    ['r2', 'binary', 1],
    ['confusion_matrix', 'binary', 1],
    ['roc_auc', 'binary', 3],
    [{ name: 'precision', threshold: 0.3 } as Given, 'binary', 1],
  ])('%j fits %s of %d units', (given, kind, units) => {
    expect(fits(given, kind, units)).toBeNull()
  })

  test.each<[Given, TargetKind, number, RegExp]>([
    ['binary_accuracy', 'class_index', 3, /targets of yes and no: use accuracy/],
    ['categorical_accuracy', 'binary', 1, /several classes, one unit each: use accuracy/],
    ['top_k_categorical_accuracy', 'class_index', 3, /the first 5 of 3 classes: give a smaller k/],
    ['top_k_categorical_accuracy', 'number', 1, /needs classes/],
    ['r2', 'class_index', 3, /targets that are numbers/],
    ['confusion_matrix', 'binary', 3, /one class per row, but there are 3 labels/],
    [{ name: 'f1', threshold: 0.3 } as Given, 'class_index', 3, /leave threshold out/],
    ...['precision', 'roc_auc', 'log_loss', 'mcc', 'confusion_matrix'].map(
      (name): [Given, TargetKind, number, RegExp] => [name, 'number', 1, /needs classes, but the target is a number/],
    ),
  ])('%j does not fit %s of %d units', (given, kind, units, words) => {
    expect(fits(given, kind, units)).toMatch(words)
  })
})

test('states are plain JSON: a measurement goes on from them', () => {
  const context = { targetKind: 'class_index', units: 3 } as const
  const all = Object.keys(metrics).flatMap((name) => {
    const resolved = resolveMetric(name === 'top_k_categorical_accuracy' ? ({ name, k: 2 } as Given) : name)
    return metricOf(resolved.config).fits?.(context, resolved.config) ? [] : [resolved]
  })
  const first = { rows: 2, yTrue: [0, 2], yPred: [0.5, 0.3, 0.2, 0.3, 0.4, 0.3] }
  const second = { rows: 2, yTrue: [1, 1], yPred: [0.1, 0.6, 0.3, 0.3, 0.3, 0.4] }
  const whole = measure(all, context)
  whole.update(first)
  const states = whole.states()
  const text = JSON.stringify(states)
  const resumed = measure(all, context, JSON.parse(text))
  for (const measurement of [whole, resumed]) measurement.update(second)
  expect(resumed.results()).toEqual(whole.results())
  expect(resumed.tables()).toEqual(whole.tables())
  expect(JSON.stringify(states)).toBe(text) // copies: what came later is not in them
  expect(all.length).toBeGreaterThan(12)
})
