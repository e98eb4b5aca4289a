import { describe, expect, test } from 'vitest'
import { metricOf, metrics, resolveMetric } from '../../src/nn/metrics/index.ts'
import type { Given } from '../../src/nn/named.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { modeOf, monitors } from '../../src/planning/monitors.ts'
import { planPlateau } from '../../src/planning/plateau.ts'

const known = monitors([resolveMetric('accuracy'), resolveMetric('mae')], true)
const adam = resolveOptimizer('adam')

describe('C33: the direction is that of the metric itself', () => {
  test('loss goes down, accuracy up, an error down, in training and validation', () => {
    const expected = { loss: 'min', accuracy: 'max', mae: 'min', val_loss: 'min', val_accuracy: 'max', val_mae: 'min' }
    expect(Object.fromEntries(known)).toEqual(expected)
  })

  test.each(Object.keys(metrics))('%s is watched in its own direction', (name) => {
    const metric = resolveMetric(name)
    const better = { up: 'max', down: 'min', null: undefined }[`${metricOf(metric.config).direction}`]
    expect(monitors([metric], true).get(`val_${name}`)).toBe(better)
  })

  test('a name that is no number of this training is refused with those that are', () => {
    expect(() => modeOf('val_auc', known, '/reduce_lr_on_plateau/monitor')).toThrow(
      expect.objectContaining({
        code: 'invalid_training',
        detail: expect.stringContaining('it has loss, accuracy, mae, val_loss, val_accuracy, val_mae'),
        errors: [expect.objectContaining({ pointer: '/reduce_lr_on_plateau/monitor' })],
      }),
    )
  })

  test('without a validation part nothing of it can be watched', () => {
    expect([...monitors([resolveMetric('mse')], false).keys()]).toEqual(['loss', 'mse'])
  })
})

test('every default is told back, and means the same again', () => {
  const plan = planPlateau({}, adam, known)
  expect(plan).toEqual({
    ...{ monitor: 'val_loss', factor: 0.1, patience: 10, min_delta: 0.0001, cooldown: 0, min_lr: 0, mode: 'min' },
  })
  expect(planPlateau(plan, adam, known)).toEqual(plan)
})

test('a mode that is given stands against the metric', () => {
  expect(planPlateau({ monitor: 'accuracy', mode: 'min' }, adam, known)?.mode).toBe('min')
  expect(planPlateau({ monitor: 'accuracy' }, adam, known)?.mode).toBe('max')
})

test('beside a schedule it is refused', () => {
  const learning_rate = { name: 'exponential_decay', initial_learning_rate: 1, decay_steps: 1, decay_rate: 1 }
  const scheduled = resolveOptimizer({ name: 'sgd', learning_rate } as Given)
  expect(() => planPlateau({}, scheduled, known)).toThrow(/follows exponential_decay already/)
})
