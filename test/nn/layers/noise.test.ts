/** Layers that draw: their formulas for given draws, the distribution of normal draws, nothing at all in inference. */
import { describe, expect, test } from 'vitest'
import { normalLike } from '../../../src/nn/layers/regularization/normal.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import { createRandom, deriveKey } from '../../../src/random.ts'
import { allclose } from '../../support/allclose.ts'
import { modelOf, runModel, someNumbers } from '../../support/check-layer.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'

test('normal draws have the moments of a standard normal', async () => {
  const count = 20_000
  const op = createBuilder(newGraph())
  const like = op.graph.input('like', 'float32', [count])
  const uniform = (_like: unknown, purpose: string) => {
    const random = createRandom(deriveKey(purpose))
    return op.constant(
      tensorOf(
        'float32',
        Array.from({ length: count }, () => Math.floor(random.uniform() * 2 ** 24) / 2 ** 24),
      ),
    )
  }
  const z = normalLike(op, like, uniform, 'test')
  op.graph.output(z)
  const values = numbers((await runGraph(op.graph, { like: tensorOf('float32', new Float32Array(count)) }))[z.name])
  const moment = (power: number) => values.reduce((sum, value) => sum + value ** power, 0) / count
  const error = (variance: number) => 5 * Math.sqrt(variance / count)
  expect(Math.abs(moment(1))).toBeLessThan(error(1))
  expect(Math.abs(moment(2) - 1)).toBeLessThan(error(2))
  expect(Math.abs(moment(3))).toBeLessThan(error(15))
  expect(Math.abs(moment(4) - 3)).toBeLessThan(error(96))
})

/** One draw each, used for radius and angle alike. */
const draws = [0, 0.25, 0.5, 0.75, 0.9, 0.1]
const z = draws.map((u) => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * u))
const x = someNumbers(6, 'x')
const at = <T>(list: readonly T[], i: number): T => list[i] as T

const [alpha, scale] = [1.6732632423543772, 1.0507009873554805]
const a = (rate: number) => 1 / Math.sqrt((1 - rate) * (1 + rate * (alpha * scale) ** 2))

const formulas: readonly (readonly [object, (x: number, i: number) => number])[] = [
  [{ type: 'GaussianNoise', stddev: 0.5 }, (value, i) => value + 0.5 * at(z, i)],
  [{ type: 'GaussianDropout', rate: 0.2 }, (value, i) => value * (1 + 0.5 * at(z, i))],
  [
    { type: 'AlphaDropout', rate: 0.3 },
    (value, i) => a(0.3) * (at(draws, i) >= 0.3 ? value : -alpha * scale) + a(0.3) * alpha * scale * 0.3,
  ],
]

describe('in training', () => {
  test.each(formulas)("%j gives Keras' formula of its draws", async (layer, formula) => {
    const { y } = await runModel(modelOf([layer], [3]), x, new Map(), { training: true, draws })
    allclose(numbers(y), x.map(formula), { relative: 1e-5, absolute: 1e-6 })
  })

  const places = (type: string, shape: number[], more = {}) => [{ type, rate: 0.5, ...more }, shape] as const
  test.each([
    [...places('SpatialDropout1D', [4, 2]), (i: number) => i % 2],
    [...places('SpatialDropout2D', [2, 2, 2]), (i: number) => i % 2],
    [...places('SpatialDropout2D', [2, 2, 2], { data_format: 'channels_first' }), (i: number) => Math.floor(i / 4)],
    [...places('SpatialDropout3D', [1, 2, 2, 2]), (i: number) => i % 2],
  ])('%j on [%s] drops a channel in all places', async (layer, shape, channelOf) => {
    const values = someNumbers(16, 'places')
    const kept = [0, 1, 1, 0] // of two samples, two channels each
    const { y } = await runModel(modelOf([layer], shape), values, new Map(), {
      training: true,
      draws: [0.4, 0.5, 0.9, 0.1],
    })
    const expected = values.map((value, i) => 2 * value * at(kept, 2 * Math.floor(i / 8) + channelOf(i % 8)))
    allclose(numbers(y), expected)
  })
})

describe('in inference', () => {
  test.each(formulas)('%j leaves everything as it is', async (layer) => {
    const { y } = await runModel(modelOf([layer], [3]), x, new Map())
    allclose(numbers(y), x)
  })
})
