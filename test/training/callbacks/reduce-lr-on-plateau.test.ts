import { expect, test } from 'vitest'
import {
  nextPlateau,
  type PlateauSettings,
  type PlateauState,
  startPlateau,
} from '../../../src/training/callbacks/reduce-lr-on-plateau.ts'
import { checkpointFromBytes, checkpointToBytes } from '../../../src/training/checkpoint.ts'
import { fit as train } from '../../../src/training/fit.ts'
import { allclose } from '../../support/allclose.ts'
import { kerasFixture } from '../../support/keras.ts'
import { smallSettings } from '../../support/train.ts'

interface Trace {
  readonly config: Omit<PlateauSettings, 'monitor'>
  readonly series: string
  readonly values: number[]
  readonly rates: number[]
}

function ratesOf(settings: PlateauSettings, values: readonly (number | null)[]): number[] {
  const rates: number[] = []
  let state: PlateauState = startPlateau(0.1)
  for (const value of values) {
    state = nextPlateau(settings, state, value)
    rates.push(state.learning_rate)
  }
  return rates
}

test.each(kerasFixture<Trace[]>('plateaus.json').map((trace) => [JSON.stringify(trace.config), trace.series, trace]))(
  '%s lowers the rate where Keras does when the value %s',
  (_config, _series, trace) => {
    const { config, values, rates } = trace as Trace
    allclose(ratesOf({ ...config, monitor: 'loss' }, values), rates, { relative: 1e-6 })
  },
)

const halve: PlateauSettings = {
  ...{ monitor: 'loss', mode: 'min', factor: 0.5, patience: 1, min_delta: 0, cooldown: 0, min_lr: 0 },
}

test('a value that is not finite is no gain', () => {
  expect(ratesOf(halve, [null, 1, null, 0.9])).toEqual([0.05, 0.05, 0.025, 0.025])
})

/** Without a gradient the loss never changes: every epoch after the first is one without gain. */
const stalled = () => ({
  ...smallSettings({
    layers: [{ type: 'Dense', units: 1, use_bias: false }],
    ...{ x: [[0]], y: [1], loss: 'mse', optimizer: { name: 'sgd', learning_rate: 0.4 }, epochs: 4 },
  }),
  reduceLrOnPlateau: halve,
})

test('a training tells the rate of each epoch in its history', async () => {
  const rates: number[] = []
  await train(stalled(), { onEpoch: ({ learning_rate }) => void rates.push(learning_rate) })
  expect(rates).toEqual([0.4, 0.4, 0.2, 0.1])
})

test('the lowered rate is the one that the weights move by', async () => {
  const settings = {
    ...smallSettings({
      layers: [{ type: 'Dense', units: 1, use_bias: false, kernel_initializer: { name: 'ones' } }],
      ...{ x: [[1]], y: [-1000], loss: 'mae', optimizer: { name: 'sgd', learning_rate: 1 }, epochs: 3 },
    }),
    reduceLrOnPlateau: { ...halve, min_delta: 1e6 },
  }
  const { last } = await train(settings)
  expect([...(last.weights.get('dense/kernel')?.data ?? [])]).toEqual([-1.5]) // 1 - 1 - 1 - 0.5
})

test('a resumed training goes on with the lowered rate', async () => {
  const stop = new AbortController()
  const rates: number[] = []
  const onEpoch = ({ epoch, learning_rate }: { epoch: number; learning_rate: number }) => {
    rates.push(learning_rate)
    if (epoch === 3 && !stop.signal.aborted) stop.abort()
  }
  const { last } = await train(stalled(), { signal: stop.signal, onEpoch })
  await train(stalled(), { resumeFrom: checkpointFromBytes(checkpointToBytes(last)), onEpoch })
  expect(rates).toEqual([0.4, 0.4, 0.2, 0.1])
})
