import { describe, expect, test } from 'vitest'
import { optimizers } from '../../src/nn/optimizers/index.ts'
import { checkpointFromBytes, checkpointToBytes, type TrainingState } from '../../src/training/checkpoint.ts'
import { fit as train } from '../../src/training/fit.ts'
import { allclose } from '../support/allclose.ts'
import { type SmallTraining, smallSettings, trainSmall } from '../support/train.ts'

const ones = { name: 'ones' }

/** One weight per column and no bias; with mae and a truth out of reach, each row is its own gradient. */
const line = (rows: readonly (readonly number[])[], optimizer: object): SmallTraining => ({
  layers: [{ type: 'Dense', units: 1, use_bias: false, kernel_initializer: ones }],
  ...{ x: rows, y: rows.map(() => -1000), batchSize: 1, loss: 'mae', optimizer },
})

const weightsOf = ({ weights }: Pick<TrainingState, 'weights'>) =>
  [...weights.values()].flatMap(({ data }) => [...data])

async function trained(given: SmallTraining): Promise<number[]> {
  const { result } = await trainSmall(given)
  return weightsOf(result.last)
}

const tiny = [
  [1e-7, 0.1],
  [1e-7, 0.001],
  [1e-7, 0.001],
]

test.each([
  [{}, [0.98746473, 0.77925616]],
  [{ beta_2: 0.5 }, [0.86383704, 0.73614244]],
  [{ beta_2: 0.5, amsgrad: true }, [0.86383704, 0.80087419]],
])('C26: a training with adam %j moves small gradients as Keras does', async (config, expected) => {
  const weights = await trained(line(tiny, { name: 'adam', learning_rate: 0.1, ...config }))
  allclose(weights, expected, { relative: 1e-5 })
})

test.each([
  [{}, [0.7, 0.6, -0.1]],
  [{ clipnorm: 1 }, [0.94, 0.92, -0.1]],
  [{ global_clipnorm: 1 }, [0.94116516, 0.92155355, -0.019611614]],
  [{ clipvalue: 2 }, [0.8, 0.8, -0.1]],
])('C28: a training clips with %j as Keras does', async (config, expected) => {
  const weights = await trained({
    layers: [{ type: 'Dense', units: 1, kernel_initializer: ones }],
    ...{ x: [[3, 4]], y: [-1000], loss: 'mae', optimizer: { name: 'sgd', learning_rate: 0.1, ...config } },
  })
  allclose(weights, expected, { relative: 1e-6 })
})

test('C30: a training with FTRL starts anew, so that a weight without a gradient becomes 0', async () => {
  const weights = await trained(line([[0.1, 0]], { name: 'ftrl', learning_rate: 0.1 }))
  allclose(weights, [0.016386276, 0], { relative: 1e-4, absolute: 1e-9 })
})

test.each(Object.keys(optimizers))('%s learns a line', async (name) => {
  const x = Array.from({ length: 32 }, (_, i) => [i / 16 - 1, ((i * 7) % 32) / 16 - 1])
  const y = x.map(([a, b]) => (a as number) - 0.5 * (b as number))
  const learning_rate = { adadelta: 20, ftrl: 0.5, adagrad: 0.3 }[name] ?? 0.03
  const optimizer = { name, learning_rate }
  const layers = [{ type: 'Dense', units: 1, kernel_initializer: ones }]
  const { history } = await trainSmall({ layers, x, y, loss: 'mse', optimizer, epochs: 40, batchSize: 8 })
  expect(history.at(-1)?.loss).toBeLessThan(0.05 * (history[0]?.loss ?? 0))
})

describe('the average of the weights', () => {
  const halving = { name: 'sgd', learning_rate: 1, use_ema: true, ema_momentum: 0.5 }

  test('takes their place at the end, and not before', async () => {
    const during: number[][] = []
    const { result } = await trainSmall(
      { ...line([[1]], halving), epochs: 3 },
      { onRun: ({ state }) => void during.push(weightsOf(state())) },
    )
    expect(during).toEqual([[0], [-1], [-2]])
    expect(weightsOf(result.last)).toEqual([-1.25]) // 0, then -0.5, then -1.25
  })

  test('takes their place after every so many updates, too', async () => {
    const during: number[][] = []
    const optimizer = { ...halving, ema_overwrite_frequency: 2 }
    await trainSmall(
      { ...line([[1]], optimizer), epochs: 3 },
      { onRun: ({ state }) => void during.push(weightsOf(state())) },
    )
    expect(during).toEqual([[0], [-0.5], [-1.5]])
  })

  test('leaves frozen weights as they are', async () => {
    const frozen = { type: 'Dense', units: 1, name: 'fixed', trainable: false, kernel_initializer: ones }
    const head = { type: 'Dense', units: 1, use_bias: false, kernel_initializer: ones }
    const { result } = await trainSmall({
      layers: [frozen, head],
      ...{ x: [[1]], y: [-1000], loss: 'mae', optimizer: halving, epochs: 2 },
    })
    const { weights } = result.last
    expect(weights.get('fixed/kernel')?.data).toEqual(Float32Array.of(1))
    expect(weights.get('dense/kernel')?.data).toEqual(Float32Array.of(-0.5))
  })
})

test('accumulated over two batches, weights move by the mean gradient, across epochs too', async () => {
  const optimizer = { name: 'sgd', learning_rate: 1, gradient_accumulation_steps: 2 }
  const { result } = await trainSmall({ ...line([[1], [2], [5]], optimizer), epochs: 1 })
  expect(weightsOf(result.last)).toEqual([-0.5]) // 5 waits for the next epoch
  expect(result.last.slots.get('accumulated_gradient')?.get('dense/kernel')?.data).toEqual(Float32Array.of(5))
  const { result: longer } = await trainSmall({ ...line([[1], [2], [5]], optimizer), epochs: 2 })
  expect(weightsOf(longer.last)).toEqual([-7]) // -0.5 - (5 + 1)/2 - (2 + 5)/2
})

test('a training stopped between two updates goes on as if it had not stopped', async () => {
  const learning_rate = { name: 'exponential_decay', initial_learning_rate: 0.1, decay_steps: 2, decay_rate: 0.5 }
  const given = {
    ...line([[1], [2], [5]], {
      ...{ name: 'nadam', learning_rate, clipnorm: 2, weight_decay: 0.1 },
      ...{ use_ema: true, ema_momentum: 0.9, gradient_accumulation_steps: 2 },
    }),
    epochs: 6,
  }
  const whole = await trained(given)
  const stop = new AbortController()
  const { result } = await trainSmall(given, { signal: stop.signal, onRun: () => stop.abort() })
  expect(result.outcome).toBe('stopped')
  const resumeFrom = checkpointFromBytes(checkpointToBytes(result.last))
  const { last } = await train(smallSettings(given), { resumeFrom })
  expect(weightsOf(last)).toEqual(whole)
})

test('the history tells the rate of the last batch of each epoch', async () => {
  const learning_rate = { name: 'inverse_time_decay', initial_learning_rate: 0.1, decay_steps: 1, decay_rate: 1 }
  const { history } = await trainSmall({ ...line([[1], [2]], { name: 'sgd', learning_rate }), epochs: 2 })
  expect(history.map((row) => row.learning_rate)).toEqual([0.1 / 2, 0.1 / 4])
})
