import { describe, expect, test } from 'vitest'
import type { Given } from '../../../src/nn/named.ts'
import { optimizerOf, optimizers, resolveOptimizer } from '../../../src/nn/optimizers/index.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { toBytes } from '../../../src/onnx/codec.ts'
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import type { Real } from '../../../src/onnx/value.ts'
import { openSession } from '../../../src/runtime/session.ts'
import { allclose } from '../../support/allclose.ts'
import { newGraph, numbers } from '../../support/graph.ts'
import { kerasFixture } from '../../support/keras.ts'

/** The weight after each update by one of the gradients. */
async function trace(
  given: Given,
  start: readonly number[],
  gradients: readonly (readonly number[])[],
  rates: readonly number[],
): Promise<number[][]> {
  const config = resolveOptimizer(given)
  const optimizer = optimizerOf(config)
  const op = createBuilder(newGraph())
  const vector = (name: string): Real => op.graph.input(name, 'float32', [1, start.length])
  const number = (name: string): Real => op.graph.input(name, 'float32', [1, 1])
  const slotStarts = optimizer.slots(config)
  const inputs = {
    weight: vector('weight'),
    gradient: vector('gradient'),
    slots: Object.fromEntries(Object.keys(slotStarts).map((slot) => [slot, vector(slot)])),
    scalars: Object.fromEntries(
      Object.keys(optimizer.scalars(config, 1, 0.1)).map((name) => [name, number(`at ${name}`)]),
    ),
  }
  const next = optimizer.update(op, inputs, config)
  expect(Object.keys(next.slots).sort()).toEqual(Object.keys(slotStarts).sort())
  const outputs = { weight: next.weight, ...next.slots }
  for (const value of Object.values(outputs)) op.graph.output(value)
  const row = (values: ArrayLike<number>) => tensorOf('float32', values, [1, values.length])
  const state: Record<string, Tensor> = { weight: row(start) }
  for (const [slot, value] of Object.entries(slotStarts)) state[slot] = row(start.map(() => value))
  const session = await openSession(toBytes(op.graph))
  const weights: number[][] = []
  for (const [i, gradient] of gradients.entries()) {
    const scalars = Object.entries(optimizer.scalars(config, i + 1, rates[i] ?? 0))
    const feeds = Object.fromEntries(scalars.map(([name, value]) => [`at ${name}`, row([value])]))
    const results = await session.run({ ...state, ...feeds, gradient: row(gradient) })
    for (const [name, value] of Object.entries(outputs)) state[name] = results[value.name] as Tensor
    weights.push(numbers(state.weight))
  }
  await session.close()
  return weights
}

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
    const steps = await trace(config, start, gradients, rates)
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
  ])('adam with %j', async (config, expected) => {
    const steps = await trace({ name: 'adam', ...config }, [1, 1], tiny, [0.1, 0.1, 0.1])
    allclose(steps.flat(), expected.flat(), { relative: 1e-5 })
  })
})

test('weights laid end to end move as they would alone', async () => {
  const together = await trace('adam', start, gradients, rates)
  for (const i of start.keys()) {
    const alone = await trace(
      'adam',
      [start[i] ?? 0],
      gradients.map((row) => [row[i] ?? 0]),
      rates,
    )
    allclose(
      alone.flat(),
      together.map((row) => row[i] ?? 0),
      { relative: 1e-6, absolute: 1e-7 },
    )
  }
})
