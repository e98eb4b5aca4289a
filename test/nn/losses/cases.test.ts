import { describe, expect, test } from 'vitest'
import { losses, lossOf, resolveLoss } from '../../../src/nn/losses/index.ts'
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

describe('C16: Huber', () => {
  test.each([
    [undefined, 1.0416667],
    [2, 1.5416667],
    [0.5, 0.625],
  ])('with delta %s the errors 0.5, 1 and 3 give %d', async (delta, expected) => {
    const loss = { name: 'huber', ...(delta !== undefined && { delta }) }
    allclose([await meanLoss(loss, [[0, 0, 0]], [[0.5, 1, 3]])], [expected], { relative: 1e-6 })
  })

  test('at delta both branches agree, in the loss and in its slope', async () => {
    const at = async (error: number) => {
      const { perSample, gradient } = await runLoss({ name: 'huber', delta: 2 } as Given, [[0]], [[error]])
      return [...perSample, ...gradient]
    }
    allclose(await at(2), [2, 2])
    allclose(await at(2.0001), [2.0002, 2], { absolute: 1e-5 })
    allclose(await at(-1.9999), [1.9998, -1.9999], { absolute: 1e-5 })
  })

  test('log_cosh of the same errors is 0.95440795, and of an error of 1000 finite', async () => {
    allclose([await meanLoss('log_cosh', [[0, 0, 0]], [[0.5, 1, 3]])], [0.95440795], { relative: 1e-6 })
    allclose([await meanLoss('log_cosh', [[0, 0]], [[1000, -1000]])], [1000 - Math.LN2], { relative: 1e-6 })
  })
})

test('a truth of 0 and of -1 are the same no to the hinges', async () => {
  for (const name of ['hinge', 'squared_hinge']) {
    expect(await meanLoss(name, [[0], [1]], [[0.3], [0.4]])).toBe(await meanLoss(name, [[-1], [1]], [[0.3], [0.4]]))
  }
})

describe('what can be computed from logits is the same as from their probabilities', () => {
  const y = [
    [0, 1, 0],
    [1, 0, 0],
  ]
  const z = [
    [0.3, -1.2, 2.1],
    [0.8, 0.1, -0.4],
  ]
  const softmax = (row: number[]) => row.map((value) => Math.exp(value) / row.reduce((sum, v) => sum + Math.exp(v), 0))
  const sigmoid = (row: number[]) => row.map((value) => 1 / (1 + Math.exp(-value)))
  const given: Given[] = [
    ...Object.keys(losses).filter((name) => losses[name]?.fromLogits && losses[name]?.targetKind !== 'class_index'),
    { name: 'binary_focal_crossentropy', gamma: 0.5, apply_class_balancing: true, label_smoothing: 0.1 } as Given,
    { name: 'categorical_focal_crossentropy', gamma: 0.5, label_smoothing: 0.1 } as Given,
  ]
  test.each(given)('%j', async (loss) => {
    const activation = lossOf(resolveLoss(loss)).targetKind === 'binary' ? sigmoid : softmax
    const probabilities = await runLoss(loss, y, z.map(activation))
    allclose((await runLoss(loss, y, z, 'logits')).perSample, probabilities.perSample, {
      relative: 1e-5,
      absolute: 1e-6,
    })
  })

  test('focal losses of extreme logits are finite, and so are their slopes', async () => {
    const wrong = await runLoss('categorical_focal_crossentropy', [[0, 0, 1]], [[1000, 0, -1000]], 'logits')
    expect(wrong.perSample).toEqual([500])
    for (const gamma of [0.5, 2]) {
      for (const loss of [
        { name: 'binary_focal_crossentropy', gamma },
        { name: 'categorical_focal_crossentropy', gamma },
      ]) {
        const { gradient } = await runLoss(loss, [[1, 0, 0]], [[1000, -1000, 0]], 'logits')
        for (const slope of gradient) expect(slope).toSatisfy(Number.isFinite)
      }
    }
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
    ['huber', 1, 'linear', number],
    ['poisson', 1, 'exponential', number],
    ['hinge', 1, 'tanh', two],
    ['squared_hinge', 1, 'linear', two],
    ['categorical_hinge', 3, 'linear', three],
    ['categorical_hinge', 2, 'softmax', two],
    ['kld', 3, 'softmax', three],
    ['cosine_similarity', 3, 'softmax', three],
    ['binary_focal_crossentropy', 1, 'sigmoid', two],
    ['categorical_focal_crossentropy', 3, 'softmax', three],
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
    ['huber', 2, 'linear', number, /2 units: give the last layer 1 unit/],
    ['msle', 1, 'linear', three, /has 3 classes/],
    ['hinge', 1, 'tanh', number, /hinge learns two classes, but the target "price" is a number/],
    ['hinge', 3, 'linear', three, /hinge learns two classes/],
    ['squared_hinge', 2, 'tanh', two, /1 unit with tanh/],
    ['categorical_hinge', 1, 'linear', two, /2 units with linear, or 1 unit/],
    ['kld', 3, 'linear', three, /kl_divergence compares probabilities.*"softmax"/],
    ['kld', 3, 'sigmoid', three, /kl_divergence compares probabilities/],
    ['cosine_similarity', 1, 'linear', number, /is a number: use mean_squared_error/],
    ['cosine_similarity', 3, 'linear', three, /compares probabilities/],
    ['binary_focal_crossentropy', 1, 'linear', two, /"from_logits": true/],
    ['categorical_focal_crossentropy', 3, 'sigmoid', three, /no distribution/],
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

  test('margins and scores become probabilities with the same winner; probabilities stay as they are', () => {
    const of = (given: Given, activation: 'linear' | 'tanh' | 'sigmoid' | 'softmax') => {
      const config = resolveLoss(given)
      return lossOf(config).probabilities?.(config, { activation })
    }
    expect([of('hinge', 'tanh'), of('squared_hinge', 'linear'), of('hinge', 'sigmoid')]).toEqual([
      'sigmoid',
      'sigmoid',
      null,
    ])
    expect([of('categorical_hinge', 'linear'), of('categorical_hinge', 'softmax')]).toEqual(['softmax', null])
  })
})

test('short names mean the long ones', () => {
  const long = (name: string) => resolveLoss(name).name
  expect([long('mse'), long('mae')]).toEqual(['mean_squared_error', 'mean_absolute_error'])
  expect([long('mape'), long('msle')]).toEqual(['mean_absolute_percentage_error', 'mean_squared_logarithmic_error'])
  expect([long('kld'), long('logcosh'), long('bce')]).toEqual(['kl_divergence', 'log_cosh', 'binary_crossentropy'])
})
