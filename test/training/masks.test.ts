import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { lossOf, resolveLoss } from '../../src/nn/losses/index.ts'
import { resolveMetric } from '../../src/nn/metrics/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { evaluate, type FitSettings, type HistoryRow, fit as train } from '../../src/training/fit.ts'
import { allclose } from '../support/allclose.ts'

const layers = [
  { type: 'Masking' },
  { type: 'TimeDistributed', layer: { type: 'Dense', units: 1, kernel_initializer: 'ones' } },
]

/** The loss of one training step and of validation, for sequences of three numbers; then a metric, of both as well. */
async function losses(
  loss: string,
  x: number[][],
  y: number[][],
  { activation = 'linear', metric }: { activation?: string; metric?: string } = {},
): Promise<number[]> {
  const rows = x.length
  const chain = activation === 'linear' ? layers : [...layers, { type: 'Activation', activation }]
  const model = buildModel(parseDefinition({ layers: [{ type: 'Input', shape: [3, 1] }, ...chain] }))
  const part = {
    rows,
    x: tensorOf('float32', x.flat(), [rows, 3, 1]),
    y: tensorOf('float32', y.flat(), [rows, 3, 1]),
  }
  const settings: FitSettings = {
    model,
    loss: resolveLoss(loss),
    optimizer: resolveOptimizer({ name: 'sgd', learning_rate: 1e-30 } as { name: string }),
    metrics: metric ? [resolveMetric(metric)] : [],
    metricKind: lossOf(resolveLoss(loss)).targetKind,
    train: part,
    validation: part,
    epochs: 1,
    batchSize: rows,
    shuffle: false,
    seed: 1,
    providers: ['cpu'],
    threads: 1,
  }
  const found: number[] = []
  const measured = (row: HistoryRow) => (metric ? [row[metric], row[`val_${metric}`]].map(Number) : [])
  await train(settings, {
    onEpoch: (row) => void found.push(Number(row.loss), Number(row.val_loss), ...measured(row)),
  })
  return found
}

const mae = { metric: 'mae' }

describe('case C11, the loss under a mask is the mean over the real steps of the batch', () => {
  test('one row; the metric is the loss', async () => {
    allclose(await losses('mae', [[1, 0, 1]], [[0, 1, 1]], mae), [0.5, 0.5, 0.5, 0.5])
  })

  test('rows of different lengths: a step counts, not a row', async () => {
    const x = [
      [1, 0, 0],
      [1, 2, 3],
    ]
    const y = [
      [5, 9, 9],
      [1, 2, 5],
    ]
    allclose(await losses('mae', x, y, mae), [1.5, 1.5, 1.5, 1.5])
  })

  test('a loss that has a gradient at the logits of its own', async () => {
    // -log σ(1) for the two real steps, whatever the third would give
    const expected = Math.log(1 + Math.exp(-1))
    allclose(await losses('binary_crossentropy', [[1, 0, 1]], [[1, 0, 1]], { activation: 'sigmoid' }), [
      expected,
      expected,
    ])
  })

  test('a batch without a real step has the loss 0 and nothing to measure', async () => {
    allclose(await losses('mae', [[0, 0, 0]], [[1, 1, 1]]), [0, 0])
    expect((await losses('mae', [[0, 0, 0]], [[1, 1, 1]], mae)).slice(2)).toEqual([0, 0]) // Number(null)
  })
})

test('a mask may have several axes: words of sentences', async () => {
  const model = buildModel(
    parseDefinition({
      layers: [
        { type: 'Input', shape: [2, 3] },
        { type: 'Embedding', input_dim: 4, output_dim: 1, mask_zero: true },
        { type: 'Dense', units: 1 },
      ],
    }),
  )
  const part = {
    rows: 2,
    x: tensorOf('float32', [1, 0, 0, 2, 3, 0, 0, 0, 0, 1, 0, 0], [2, 2, 3]),
    y: tensorOf('float32', [1, 9, 9, 2, 3, 9, 9, 9, 9, 4, 9, 9], [2, 2, 3, 1]),
  }
  const weights = new Map([
    ['embedding/embeddings', { shape: [4, 1], data: Float32Array.of(0, 1, 2, 3) }],
    ['dense/kernel', { shape: [1, 1], data: Float32Array.of(1) }],
    ['dense/bias', { shape: [1], data: Float32Array.of(1) }],
  ])
  const loss = resolveLoss('mse')
  const settings = { model, loss, metrics: [resolveMetric('mae')], metricKind: 'number', providers: ['cpu'] } as const
  // off by 1, 1, 1 and -2
  expect(await evaluate(settings, weights, part)).toEqual({ loss: 7 / 4, mae: 5 / 4 })
})
