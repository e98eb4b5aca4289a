import { describe, expect, test } from 'vitest'
import { fansOf } from '../../../src/nn/initializers/fans.ts'
import { initializers } from '../../../src/nn/initializers/index.ts'
import { entryOf, type Given, resolveNamed } from '../../../src/nn/named.ts'
import { initialWeights } from '../../../src/nn/weights.ts'
import { createRandom } from '../../../src/random.ts'
import { modelOf } from '../../support/check-layer.ts'

function draw(given: Given, shape: readonly number[], key = 1): Float32Array {
  const config = resolveNamed(initializers, given)
  return entryOf(initializers, config).create(config, shape, createRandom(key))
}

function moments(values: Float32Array) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return { mean, deviation: Math.sqrt(variance), largest }
}

test.each([
  [[], { fanIn: 1, fanOut: 1 }],
  [[7], { fanIn: 7, fanOut: 7 }],
  [[3, 5], { fanIn: 3, fanOut: 5 }],
  [[3, 3, 8, 16], { fanIn: 72, fanOut: 144 }],
])('the fans of %j are %j', (shape, fans) => {
  expect(fansOf(shape)).toEqual(fans)
})

/** Kernel [300, 100]: fan in 300, mean of the fans 200. `limit` is where the distribution ends. */
const cutNormal = (deviation: number) => ({ mean: 0, deviation, limit: (2 * deviation) / 0.87962566 })
const uniform = (limit: number, mean = 0) => ({ mean, deviation: limit / Math.sqrt(3), limit })

describe('30,000 values of a kernel [300, 100]', () => {
  test.each<readonly [Given, { mean: number; deviation: number; limit: number }]>([
    ['glorot_uniform', uniform(Math.sqrt(3 / 200))],
    ['glorot_normal', cutNormal(Math.sqrt(1 / 200))],
    ['he_uniform', uniform(Math.sqrt(6 / 300))],
    ['he_normal', cutNormal(Math.sqrt(2 / 300))],
    ['lecun_uniform', uniform(Math.sqrt(3 / 300))],
    ['lecun_normal', cutNormal(Math.sqrt(1 / 300))],
    ['random_uniform', uniform(0.05)],
    [{ name: 'random_uniform', minval: 1, maxval: 3 } as Given, { mean: 2, deviation: 1 / Math.sqrt(3), limit: 3 }],
    ['random_normal', { mean: 0, deviation: 0.05, limit: 0.3 }],
    [{ name: 'random_normal', mean: 5, stddev: 2 } as Given, { mean: 5, deviation: 2, limit: 17 }],
    ['variance_scaling', cutNormal(Math.sqrt(1 / 300))],
    [{ name: 'variance_scaling', scale: 3, mode: 'fan_out', distribution: 'uniform' } as Given, uniform(0.3)],
    [
      { name: 'variance_scaling', mode: 'fan_avg', distribution: 'untruncated_normal' } as Given,
      { mean: 0, deviation: Math.sqrt(1 / 200), limit: 0.5 },
    ],
    ['truncated_normal', { mean: 0, deviation: 0.05 * 0.87962566, limit: 0.1 }],
  ])('%j have the mean, the deviation and the bounds of the distribution', (given, expected) => {
    const { mean, deviation, largest } = moments(draw(given, [300, 100]))
    expect(Math.abs(mean - expected.mean)).toBeLessThan((5 * expected.deviation) / Math.sqrt(30_000))
    expect(deviation / expected.deviation).toBeCloseTo(1, 1.5)
    expect(largest).toBeLessThanOrEqual(expected.limit * (1 + 1e-6))
    expect(largest).toBeGreaterThan(expected.mean + 1.6 * expected.deviation)
  })
})

test.each<readonly [Given, number]>([
  ['zeros', 0],
  ['ones', 1],
  ['constant', 0],
  [{ name: 'constant', value: -2.5 } as Given, -2.5],
])('%j is %d everywhere', (given, value) => {
  expect([...draw(given, [2, 2])]).toEqual([value, value, value, value])
})

/** Shapes that fit are asked for: `identity` makes matrices only. */
const shapeFor = (name: string) => (name === 'identity' ? [6, 4] : [2, 3, 4])

test.each(Object.keys(initializers))('%s gives a value for every place, the same for the same stream', (name) => {
  const values = draw(name, shapeFor(name))
  expect(values).toHaveLength(24)
  expect(values.every(Number.isFinite)).toBe(true)
  expect(draw(name, shapeFor(name))).toEqual(values)
})

describe('orthogonal', () => {
  test.each([
    [[5, 3], 1],
    [[3, 5], 2],
    [[4, 4], 0.5],
    [[2, 3, 4], 1],
    [[2, 2, 8], 1],
  ])('%j with gain %d: rows or columns, whichever are fewer, are orthogonal', (shape, gain) => {
    const values = draw({ name: 'orthogonal', gain } as Given, shape)
    const columns = shape.at(-1) ?? 1
    const rows = values.length / columns
    const fewer = Math.min(rows, columns)
    const more = Math.max(rows, columns)
    const at = (vector: number, place: number) =>
      values[rows >= columns ? place * columns + vector : vector * columns + place] ?? Number.NaN
    for (let i = 0; i < fewer; i++) {
      for (let j = 0; j < fewer; j++) {
        const product = Array.from({ length: more }, (_, place) => at(i, place) * at(j, place))
        expect(product.reduce((sum, value) => sum + value, 0)).toBeCloseTo(i === j ? gain ** 2 : 0, 5)
      }
    }
  })

  test('draws other matrices for other streams', () => {
    expect(draw('orthogonal', [3, 3], 2)).not.toEqual(draw('orthogonal', [3, 3], 1))
  })
})

test('identity is 1 on the diagonal, times its gain', () => {
  expect([...draw({ name: 'identity', gain: 2 } as Given, [2, 3])]).toEqual([2, 0, 0, 0, 2, 0])
})

describe('a constant array', () => {
  const given = {
    name: 'constant',
    value: [
      [1, 2, 3],
      [4, 5, 6],
    ],
  } as Given
  test('is the weight itself', () => {
    expect([...draw(given, [2, 3])]).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('of another shape is a mistake that names both', () => {
    const layer = { type: 'Dense', units: 2, kernel_initializer: given }
    expect(() => modelOf([layer], [3])).toThrow(/its kernel is \[3, 2\].*lists of numbers in the shape \[3,2\]/)
  })

  test('of the right shape starts the model', () => {
    const model = modelOf([{ type: 'Dense', units: 3, kernel_initializer: given }], [2])
    expect([...(initialWeights(model, 1).get('dense/kernel') ?? [])]).toEqual([1, 2, 3, 4, 5, 6])
  })
})

test('orthogonal asks for two axes', () => {
  const layer = { type: 'Dense', units: 2, bias_initializer: 'orthogonal' }
  expect(() => modelOf([layer], [3])).toThrow(/its bias is \[2\], where the initializer orthogonal asks for two axes/)
})

test.each([
  ['uniform', 'random_uniform'],
  ['normal', 'random_normal'],
  ['zero', 'zeros'],
  ['one', 'ones'],
  ['HeNormal', 'he_normal'],
  ['LecunUniform', 'lecun_uniform'],
  ['OrthogonalInitializer', 'orthogonal'],
])('%s is %s, as in Keras', (given, name) => {
  expect(resolveNamed(initializers, given).name).toBe(name)
})
