import { describe, expect, test } from 'vitest'
import { lossOf, resolveLoss } from '../../../src/nn/losses/index.ts'
import type { Target } from '../../../src/nn/losses/loss.ts'
import type { Given } from '../../../src/nn/named.ts'
import { allclose } from '../../support/allclose.ts'
import { modelOf } from '../../support/check-layer.ts'
import { meanLoss, runLoss } from '../../support/loss.ts'

const sparse = 'sparse_categorical_crossentropy'
const binary = 'binary_crossentropy'

describe('C14: crossentropy from logits', () => {
  test('logits 2, 1, 0 and class 0 give 0.40760596', async () => {
    allclose([await meanLoss(sparse, [0], [[2, 1, 0]], 'logits')], [0.40760596], { relative: 1e-6 })
  })

  test('extreme logits give the exact 2000, not 16.118', async () => {
    expect(await meanLoss(sparse, [2], [[1000, 0, -1000]], 'logits')).toBe(2000)
    expect(await meanLoss('categorical_crossentropy', [[0, 0, 1]], [[1000, 0, -1000]], 'logits')).toBe(2000)
  })

  test('extreme probabilities are clipped as in Keras', async () => {
    allclose([await meanLoss(sparse, [2], [[1, 0, 0]])], [16.118096], { relative: 1e-6 })
  })

  test('a binary logit of -200 for a yes gives 200, and of 200 nothing', async () => {
    expect(await meanLoss(binary, [[1]], [[-200]], 'logits')).toBe(200)
    expect(await meanLoss(binary, [[1]], [[200]], 'logits')).toBe(0)
  })

  test('the gradients of extreme logits are p - y', async () => {
    const classes = await runLoss(
      sparse,
      [2, 0],
      [
        [1000, 0, -1000],
        [1000, 0, -1000],
      ],
      'logits',
    )
    expect(classes.gradient).toEqual([0.5, 0, -0.5, 0, 0, 0].map((value) => expect.closeTo(value, 6)))
    const labels = await runLoss(binary, [[1], [0], [1], [0]], [[-200], [-200], [0], [0]], 'logits')
    allclose(labels.gradient, [-0.25, 0, -0.125, 0.125], { absolute: 1e-6 })
  })
})

test('C17: binary crossentropy of several labels is the mean over the labels, then over the rows', async () => {
  const y = [
    [1, 0, 1],
    [0, 0, 1],
  ]
  const p = [
    [0.9, 0.2, 0.6],
    [0.1, 0.4, 0.3],
  ]
  allclose((await runLoss(binary, y, p)).perSample, [0.27977656, 0.60671965], { relative: 1e-5 })
  allclose([await meanLoss(binary, y, p)], [0.44324811], { relative: 1e-5 })
})

test('class indices may come as a column', async () => {
  const column = await meanLoss(
    sparse,
    [[0], [2]],
    [
      [2, 1, 0],
      [2, 1, 0],
    ],
    'logits',
  )
  expect(column).toBe(
    await meanLoss(
      sparse,
      [0, 2],
      [
        [2, 1, 0],
        [2, 1, 0],
      ],
      'logits',
    ),
  )
})

test('crossentropy of sequences is the mean over the steps', async () => {
  const z = [
    [
      [2, 1, 0],
      [0, 0, 5],
    ],
    [
      [1, 1, 1],
      [0, 3, 0],
    ],
  ]
  const steps = await runLoss(sparse, [0, 1, 2, 1], z.flat(), 'logits')
  const [a = 0, b = 0, c = 0, d = 0] = steps.perSample
  allclose(
    (
      await runLoss(
        sparse,
        [
          [0, 1],
          [2, 1],
        ],
        z,
        'logits',
      )
    ).perSample,
    [(a + b) / 2, (c + d) / 2],
  )
})

describe('gradients of each loss agree with central differences', () => {
  const logits = [
    [0.3, -1.2, 2.1],
    [0.8, 0.1, -0.4],
  ]
  const probabilities = [
    [0.2, 0.5, 0.3],
    [0.6, 0.1, 0.3],
  ]
  test.each<readonly [Given, number[][] | number[], number[][], 'output' | 'logits']>([
    [
      'mse',
      [
        [1, 2, 3],
        [0, -1, 1],
      ],
      logits,
      'output',
    ],
    [
      'mae',
      [
        [1, 2, 3],
        [0, -1, 1],
      ],
      logits,
      'output',
    ],
    [
      binary,
      [
        [1, 0, 1],
        [0, 0, 1],
      ],
      probabilities,
      'output',
    ],
    [
      binary,
      [
        [1, 0, 1],
        [0, 0, 1],
      ],
      logits,
      'logits',
    ],
    [
      'categorical_crossentropy',
      [
        [0, 1, 0],
        [1, 0, 0],
      ],
      probabilities,
      'output',
    ],
    [
      'categorical_crossentropy',
      [
        [0, 1, 0],
        [0.2, 0.3, 0.5],
      ],
      logits,
      'logits',
    ],
    [sparse, [1, 0], probabilities, 'output'],
    [sparse, [1, 0], logits, 'logits'],
  ])('%j of %j at %j (%s)', async (loss, yTrue, yPred, kind) => {
    const { gradient } = await runLoss(loss, yTrue, yPred, kind)
    const h = 1e-2
    const moved = async (at: number, by: number) => {
      const next = yPred.map((row, r) => row.map((value, c) => (r * 3 + c === at ? value + by : value)))
      const { perSample } = await runLoss(loss, yTrue, next, kind)
      return perSample.reduce((sum, value) => sum + value, 0) / perSample.length
    }
    for (const [at, slope] of gradient.entries()) {
      const numeric = ((await moved(at, h)) - (await moved(at, -h))) / (2 * h)
      expect(Math.abs(slope - numeric)).toBeLessThan(1e-2 * Math.max(1, Math.abs(numeric)))
    }
  })
})

describe('whether a loss fits the output and the target', () => {
  const number: Target = { kind: 'regression', column: 'price' }
  const two: Target = { kind: 'binary', column: 'churn', labels: ['no', 'yes'] }
  const three: Target = { kind: 'multiclass', column: 'species', labels: ['a', 'b', 'c'] }
  const fits = (given: Given, units: number, activation: string, target: Target) => {
    const [output] = modelOf([{ type: 'Dense', units, activation }], [4]).outputs
    const config = resolveLoss(given)
    return output && lossOf(config).fits(output, target, config)
  }

  test.each<readonly [Given, number, string, Target]>([
    ['mse', 1, 'linear', number],
    ['mae', 1, 'relu', number],
    ['mse', 1, 'sigmoid', two],
    [binary, 1, 'sigmoid', two],
    [binary, 1, 'hard_sigmoid', two],
    [{ name: binary, from_logits: true } as Given, 1, 'linear', two],
    [sparse, 3, 'softmax', three],
    [sparse, 2, 'softmax', two],
    ['categorical_crossentropy', 3, 'softmax', three],
    [{ name: sparse, from_logits: true } as Given, 3, 'linear', three],
  ])('%j with %d units and %s fits %j', (given, units, activation, target) => {
    expect(fits(given, units, activation, target)).toBeNull()
  })

  test.each<readonly [Given, number, string, Target, RegExp]>([
    ['mse', 3, 'linear', number, /"price" is one number.*3 units.*1 unit/],
    ['mse', 3, 'softmax', three, /"species" has 3 classes: use sparse_categorical_crossentropy/],
    [binary, 1, 'sigmoid', number, /"price" is a number: use mean_squared_error/],
    [binary, 1, 'sigmoid', three, /"species" has 3/],
    [binary, 2, 'sigmoid', two, /2 units: give the last layer 1 unit/],
    [binary, 1, 'linear', two, /"activation": "sigmoid", or say "from_logits": true/],
    [binary, 1, 'tanh', two, /gives no probability/],
    [{ name: binary, from_logits: true } as Given, 1, 'sigmoid', two, /leave from_logits out/],
    [sparse, 3, 'softmax', number, /"price" is a number/],
    [sparse, 4, 'softmax', three, /3 classes, but the output has 4 units/],
    [sparse, 1, 'sigmoid', two, /1 unit with sigmoid and binary_crossentropy/],
    [sparse, 3, 'linear', three, /"activation": "softmax"/],
    [sparse, 3, 'sigmoid', three, /no distribution over the classes/],
    [{ name: sparse, from_logits: true } as Given, 3, 'softmax', three, /leave from_logits out/],
    ['categorical_crossentropy', 2, 'softmax', three, /3 classes, but the output has 2 units/],
  ])('%j with %d units and %s does not fit %j', (given, units, activation, target, words) => {
    expect(fits(given, units, activation, target)).toMatch(words)
  })

  test.each([
    ['mse', number],
    [binary, two],
    [sparse, three],
  ])('%s does not fit an output with more axes, whatever its size', (given, target) => {
    const config = resolveLoss(given)
    const output = { shape: [1, target.labels?.length === 3 ? 3 : 1], activation: 'softmax' } as const
    expect(lossOf(config).fits(output, target, config)).toMatch(/the shape \[batch, 1, \d\]: put a Flatten/)
  })

  test('logits of a loss told from_logits become probabilities by the right activation', () => {
    const of = (given: Given) => {
      const config = resolveLoss(given)
      return lossOf(config).probabilities?.(config, { activation: 'linear' }) ?? null
    }
    expect(of({ name: binary, from_logits: true } as Given)).toBe('sigmoid')
    expect(of({ name: sparse, from_logits: true } as Given)).toBe('softmax')
    expect([of(sparse), of(binary), of('mse')]).toEqual([null, null, null])
  })
})

test('short names mean the long ones', () => {
  expect([resolveLoss('mse').name, resolveLoss('mae').name]).toEqual(['mean_squared_error', 'mean_absolute_error'])
})
