import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import type { NamedConfig } from '../../../src/nn/named.ts'
import { optimizers, resolveOptimizer } from '../../../src/nn/optimizers/index.ts'
import { learningRateAt, resolveLearningRate, scheduleMisfit, schedules } from '../../../src/nn/schedules/index.ts'
import { allclose } from '../../support/allclose.ts'
import { kerasFixture } from '../../support/keras.ts'

interface Vectors {
  readonly steps: number[]
  readonly schedules: { config: NamedConfig; rates: number[] }[]
}
const { steps, schedules: cases } = kerasFixture<Vectors>('schedules.json')

test.each(cases.map(({ config, rates }) => [JSON.stringify(config), config, rates] as const))(
  "%s gives Keras' rates",
  (_name, config, rates) => {
    const resolved = resolveLearningRate(config)
    expect(scheduleMisfit(resolved)).toBeNull()
    allclose(
      steps.map((step) => learningRateAt(resolved, step)),
      rates,
      { relative: 1e-5, absolute: 1e-8 }, // Keras computes them in float32
    )
  },
)

test('every schedule has cases', () => {
  const tested = new Set(['constant', ...cases.map(({ config }) => config.name)])
  expect([...tested].sort()).toEqual(Object.keys(schedules).sort())
})

test('every optimizer takes every schedule, and tells its defaults back', () => {
  const ajv = new Ajv({ allErrors: true, discriminator: true, strict: false })
  for (const [name, { config }] of Object.entries(optimizers)) {
    const validate = ajv.compile(config)
    for (const { config: learning_rate } of cases) {
      expect(validate({ name, learning_rate })).toBe(true)
      const resolved = resolveOptimizer({ name, learning_rate } as NamedConfig)
      expect(resolved.learning_rate).toEqual(resolveLearningRate(learning_rate))
      expect(validate(resolved)).toBe(true)
    }
  }
})

test.each([10, 1000])('periods of cosine_decay_restarts begin at the top, with t_mul %i', (t_mul) => {
  // log(1000)/log(10) is just below 3: the logarithm alone would name the period before
  const rate = resolveLearningRate({
    ...{ name: 'cosine_decay_restarts', initial_learning_rate: 0.1, first_decay_steps: 9, t_mul },
  } as NamedConfig)
  for (const periods of [1, 2, 3, 4, 5]) {
    const start = (9 * (t_mul ** periods - 1)) / (t_mul - 1)
    expect(learningRateAt(rate, start)).toBeCloseTo(0.1, 12)
    expect(learningRateAt(rate, start - 1)).toBeLessThan(0.01)
  }
})

test('as many values as boundaries are refused with what was expected', () => {
  const schedule = { name: 'piecewise_constant_decay', boundaries: [1, 2], values: [0.1, 0.2] } as NamedConfig
  expect(scheduleMisfit(schedule)).toEqual({
    pointer: '/values',
    detail: 'expected one value more than boundaries, received 2 for 2 boundaries.',
  })
})
