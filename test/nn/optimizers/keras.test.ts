import { describe, expect, test } from 'vitest'
import type { Given } from '../../../src/nn/named.ts'
import { slotsOf } from '../../../src/nn/optimizers/apply.ts'
import { optimizerOf, optimizers, resolveOptimizer } from '../../../src/nn/optimizers/index.ts'
import { allclose } from '../../support/allclose.ts'
import { kerasFixture } from '../../support/keras.ts'
import { traceOptimizer } from '../../support/optimizer-trace.ts'

interface Vectors {
  readonly start: number[]
  readonly gradients: number[][]
  readonly rates: number[]
  readonly defaults: Record<string, Record<string, unknown>>
  readonly traces: { config: { name: string }; weights: number[][] }[]
}
const { start, gradients, rates, defaults, traces } = kerasFixture<Vectors>('optimizers.json')

test.each(traces.map(({ config, weights }) => [JSON.stringify(config), config, weights] as const))(
  "%s moves as Keras' does over ten steps of large, tiny and absent gradients at a changing rate",
  async (_name, config, weights) => {
    const { weights: steps, slots } = await traceOptimizer(config, { start, gradients, rates })
    expect(Object.keys(slots)).toEqual(Object.keys(slotsOf(resolveOptimizer(config))))
    // what is compared is how far each weight moved: weights themselves would hide a wrong small step
    const moves = (path: readonly number[][]) => path.flatMap((row) => row.map((value, i) => value - (start[i] ?? 0)))
    allclose(moves(steps), moves(weights), { relative: 1e-4, absolute: 1e-6 })
  },
)

test('every optimizer has traces', () => {
  const traced = new Set(traces.map(({ config }) => config.name))
  expect([...traced].sort()).toEqual(Object.keys(optimizers).sort())
})

test.each(Object.keys(optimizers))("the default arguments of %s are Keras'", (name) => {
  const { name: _, ...resolved } = resolveOptimizer(name)
  expect(defaults[name]).toMatchObject(resolved)
})

describe("C26: Adam's epsilon stands outside of the bias correction", () => {
  const tiny = [
    [1e-7, 0.1],
    [1e-7, 0.001],
    [1e-7, 0.001],
  ]

  test.each([
    [
      {},
      [
        [0.99693468, 0.90000383],
        [0.99265503, 0.83225948],
        [0.98746473, 0.77925616],
      ],
    ],
    [
      { beta_2: 0.5 },
      [
        [0.95857865, 0.90000017],
        [0.9121685, 0.81705253],
        [0.86383704, 0.73614244],
      ],
    ],
    [
      { beta_2: 0.5, amsgrad: true },
      [
        [0.95857865, 0.90000017],
        [0.9121685, 0.84134143],
        [0.86383704, 0.80087419],
      ],
    ],
  ])('adam with %j', async (config, expected) => {
    const run = { start: [1, 1], gradients: tiny, rates: [0.1, 0.1, 0.1] }
    const { weights } = await traceOptimizer({ name: 'adam', ...config } as Given, run)
    allclose(weights.flat(), expected.flat(), { relative: 1e-5 })
  })
})

describe('C30: FTRL starts anew, whatever the initial weights were', () => {
  test.each([
    [
      {},
      [
        [0.016386276, 0],
        [0.068026054, 0],
        [0.043026054, -0.06882472],
      ],
    ],
    [
      { l1_regularization_strength: 0.5 },
      [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    ],
    [
      { l2_regularization_strength: 0.1, l2_shrinkage_regularization_strength: 0.1, beta: 0.1 },
      [
        [-0.032248167, -0.045847609],
        [0.008447735, -0.043745605],
        [-0.011107947, -0.096139232],
      ],
    ],
  ])('ftrl with %j', async (config, expected) => {
    const gradients = [
      [0.1, 0],
      [-0.2, 0],
      [0.1, 0.3],
    ]
    const run = { start: [1, 1], gradients, rates: [0.1, 0.1, 0.1] }
    const { weights } = await traceOptimizer({ name: 'ftrl', ...config } as Given, run)
    allclose(weights.flat(), expected.flat(), { relative: 1e-4, absolute: 1e-7 })
  })

  test('a weight that never had a gradient is 0, with an accumulator of 0 too', async () => {
    const run = { start: [1, 2], gradients: [[0, 0.1]], rates: [0.1] }
    const { weights } = await traceOptimizer({ name: 'ftrl', initial_accumulator_value: 0 } as Given, run)
    expect(weights[0]?.[0]).toBeCloseTo(0, 20)
    expect(Number.isFinite(weights[0]?.[1])).toBe(true)
  })
})

test.each(Object.keys(optimizers))('%s moves weights laid end to end as it would alone', async (name) => {
  const together = await traceOptimizer(name, { start, gradients, rates })
  const groups = start.map(() => [1])
  const alone = await traceOptimizer(name, { start, gradients, rates, groups })
  allclose(alone.weights.flat(), together.weights.flat(), { relative: 1e-6, absolute: 1e-7 })
})

test.each([0, 1, 999, 1000, 5000])('nadam multiplies its momenta up to step %i', (step) => {
  const { beta_1 } = resolveOptimizer('nadam') as unknown as { beta_1: number }
  let product = 1
  for (let t = 1; t <= step + 1; t++) product *= beta_1 * (1 - 0.5 * 0.96 ** t)
  const config = { ...resolveOptimizer('nadam'), epsilon: 1 } as ReturnType<typeof resolveOptimizer>
  const { gradient_descent, epsilon } = optimizerOf(config).scalars(config, step + 1, 1)
  // epsilon is 1/s here, and gradient_descent -(1 - u)/((1 - P)·s)
  const u = beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
  expect((gradient_descent as number) / -(epsilon as number)).toBeCloseTo((1 - u) / (1 - product), 10)
})
