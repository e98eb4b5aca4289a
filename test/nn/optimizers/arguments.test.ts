import { describe, expect, test } from 'vitest'
import type { Given } from '../../../src/nn/named.ts'
import { slotsOf } from '../../../src/nn/optimizers/apply.ts'
import { optimizerMisfit, optimizers, resolveOptimizer } from '../../../src/nn/optimizers/index.ts'
import { allclose } from '../../support/allclose.ts'
import { kerasFixture } from '../../support/keras.ts'
import { traceOptimizer } from '../../support/optimizer-trace.ts'

interface Vectors {
  readonly sizes: number[]
  readonly start: number[]
  readonly gradients: number[][]
  readonly rates: number[]
  readonly traces: { config: { name: string; use_ema?: boolean }; weights: number[][]; final: number[] }[]
}
const { sizes, start, gradients, rates, traces } = kerasFixture<Vectors>('optimizer-arguments.json')
const run = { start, gradients, rates }
const cases = traces.map((trace) => [JSON.stringify(trace.config), trace] as const)

describe("three weights move as Keras' do", () => {
  test.each(cases)('with %s', async (_name, { config, weights }) => {
    const traced = await traceOptimizer(config, { ...run, groups: [sizes] })
    allclose(traced.weights.flat(), weights.flat(), { relative: 1e-4, absolute: 1e-6 })
  })

  test.each(cases)('with %s, each weight in a vector of its own', async (_name, { config, weights }) => {
    const traced = await traceOptimizer(config, { ...run, groups: sizes.map((size) => [size]) })
    allclose(traced.weights.flat(), weights.flat(), { relative: 1e-4, absolute: 1e-6 })
  })
})

test.each(cases.filter(([, { config }]) => config.use_ema))(
  'the average with %s is what Keras puts in place of the weights at the end',
  async (_name, { config, final }) => {
    const { slots } = await traceOptimizer(config, { ...run, groups: [sizes] })
    allclose(slots.average ?? [], final, { relative: 1e-4, absolute: 1e-6 })
  },
)

describe('C28: clipnorm is per weight', () => {
  test.each([
    [{}, [0.7, 0.6, -0.1]],
    [{ clipnorm: 1 }, [0.94, 0.92, -0.1]],
    [{ global_clipnorm: 1 }, [0.94116516, 0.92155355, -0.019611614]],
    [{ clipvalue: 2 }, [0.8, 0.8, -0.1]],
  ])('sgd with %j', async (config, expected) => {
    const one = { start: [1, 1, 0], gradients: [[3, 4, 1]], rates: [0.1], groups: [[2, 1]] }
    const { weights } = await traceOptimizer({ name: 'sgd', ...config } as Given, one)
    allclose(weights.flat(), expected, { relative: 1e-6 })
  })
})

test.each(Object.keys(optimizers))('%s takes every common argument at once', async (name) => {
  const given = {
    ...{ name, clipnorm: 0.5, weight_decay: 0.01, use_ema: true, ema_overwrite_frequency: 2 },
    ...{ gradient_accumulation_steps: 2, learning_rate: 0.01 },
  } as Given
  expect(optimizerMisfit(resolveOptimizer(given))).toBeNull()
  const { weights, slots } = await traceOptimizer(given, { ...run, groups: [sizes.slice(0, 2), sizes.slice(2)] })
  expect(Object.keys(slots)).toEqual(Object.keys(slotsOf(resolveOptimizer(given))))
  expect(weights.at(-1)?.every((value, i) => Number.isFinite(value) && value !== start[i])).toBe(true)
  expect(weights[0]).toEqual(weights[0]?.map((_, i) => Math.fround(start[i] ?? 0))) // half of the first update
})

test.each([
  [{ clipnorm: 1, clipvalue: 1 }, 'clipnorm and clipvalue are given'],
  [{ clipvalue: 1, global_clipnorm: 1 }, 'clipvalue and global_clipnorm are given'],
])('%j is refused', (config, detail) => {
  const misfit = optimizerMisfit(resolveOptimizer({ name: 'sgd', ...config } as Given))
  expect(misfit).toMatchObject({ pointer: '', detail: expect.stringContaining(detail) })
})

test('a schedule that does not fit together is told with its place', () => {
  const learning_rate = { name: 'piecewise_constant_decay', boundaries: [5, 5], values: [1, 2, 3] }
  const misfit = optimizerMisfit(resolveOptimizer({ name: 'sgd', learning_rate } as Given))
  expect(misfit).toMatchObject({ pointer: '/learning_rate/boundaries/1' })
})
