import { expect, test } from 'vitest'
import { parseDefinition } from '../../src/nn/definition.ts'
import { resolveLoss } from '../../src/nn/losses/index.ts'
import { resolveMetric } from '../../src/nn/metrics/index.ts'
import { buildModel } from '../../src/nn/model.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { createRandom } from '../../src/random.ts'
import { type FitSettings, type HistoryRow, fit as train } from '../../src/training/fit.ts'

const random = createRandom(1)
const rows = 90
const features = Float32Array.from({ length: rows * 4 }, () => random.normal())
const classes = Array.from({ length: rows }, (_, i) => {
  const [a, b] = [features[4 * i] as number, features[4 * i + 1] as number]
  return a > 0.4 ? 0 : b > 0 ? 1 : 2
})

function settings(changes: Partial<FitSettings> = {}): FitSettings {
  const definition = parseDefinition({
    layers: [
      { type: 'Dense', units: 16, activation: 'relu' },
      { type: 'Dropout', rate: 0.2 },
      { type: 'Dense', units: 3, activation: 'softmax' },
    ],
  })
  const part = { rows, x: tensorOf('float32', features, [rows, 4]), y: tensorOf('int32', classes, [rows]) }
  return {
    model: buildModel(definition, [4]),
    loss: resolveLoss('sparse_categorical_crossentropy'),
    optimizer: resolveOptimizer({ name: 'adam', learning_rate: 0.01 } as { name: string }),
    metrics: [resolveMetric('accuracy')],
    metricKind: 'class_index',
    train: part,
    validation: part,
    epochs: 30,
    batchSize: 32,
    shuffle: true,
    seed: 7,
    providers: ['cpu'],
    threads: 1,
    ...changes,
  }
}

async function history(given: FitSettings) {
  const seen: HistoryRow[] = []
  const result = await train(given, { onEpoch: (row) => void seen.push(row) })
  return { seen: seen.map(({ seconds: _, ...row }) => row), result }
}

test('a network with dropout learns, and its history counts every epoch', async () => {
  const { seen, result } = await history(settings())
  expect(seen.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  expect(seen.at(-1)?.val_accuracy).toBeGreaterThan(0.9)
  expect(seen.at(-1)?.loss).toBeLessThan((seen[0]?.loss as number) / 2)
  expect(result.outcome).toBe('finished')
  expect(result.last.position).toMatchObject({ epoch: 30, step: 90 })
})

test('the same seed gives the same history, another seed another', async () => {
  const [a, b, c] = await Promise.all([history(settings()), history(settings()), history(settings({ seed: 8 }))])
  expect(a.seen).toEqual(b.seen)
  expect(a.seen).not.toEqual(c.seen)
})

test('a training that was stopped in the middle of an epoch goes on as if it had not been', async () => {
  const whole = await history(settings({ epochs: 6 }))
  const controller = new AbortController()
  const seen: HistoryRow[] = []
  const onEpoch = (row: HistoryRow) => void seen.push(row)
  const first = await train(settings({ epochs: 6 }), {
    onEpoch,
    signal: controller.signal,
    onRun: ({ position }) => {
      if (position.epoch === 2 && position.stepInEpoch > 0) controller.abort()
    },
  })
  expect(first.outcome).toBe('stopped')
  expect(first.last.position.stepInEpoch).toBeGreaterThan(0)
  const second = await train(settings({ epochs: 6 }), { onEpoch, resumeFrom: first.last })
  expect(seen.map(({ seconds: _, ...row }) => row)).toEqual(whole.seen)
  expect(second.last.weights).toEqual(whole.result.last.weights)
})
