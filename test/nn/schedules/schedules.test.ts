import { expect, test } from 'vitest'
import type { LearningRate } from '../../../src/nn/schedules/index.ts'
import { learningRateAt } from '../../../src/nn/schedules/index.ts'

test('a number is the learning rate of every step', () => {
  expect([0, 1, 1e6].map((step) => learningRateAt(0.25, step))).toEqual([0.25, 0.25, 0.25])
})

test('the constant schedule is the same', () => {
  const schedule = { name: 'constant', learning_rate: 0.5 } as LearningRate
  expect([0, 7].map((step) => learningRateAt(schedule, step))).toEqual([0.5, 0.5])
})
