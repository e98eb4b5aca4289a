import { expect, test } from 'vitest'
import { checkpointFromBytes, checkpointToBytes, type TrainingState } from '../../src/training/checkpoint.ts'

const tensor = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) })
const position = {
  epoch: 3,
  stepInEpoch: 2,
  step: 14,
  sums: { loss: 1.5, rows: 64, seconds: 0.25, metrics: { accuracy: { correct: 3 } } },
  best: { epoch: 2, value: 0.5 },
}

test.each<[string, TrainingState]>([
  [
    'weights and slots',
    {
      weights: new Map([
        ['d/kernel', tensor(1, 2)],
        ['d/bias', tensor()],
      ]),
      slots: new Map([['m', new Map([['d/kernel', tensor(3, 4)]])]]),
      position,
    },
  ],
  [
    'a layer that is called as the slots are',
    {
      weights: new Map([
        ['optimizer/m/x', tensor(1)],
        ['_optimizer/kernel', tensor(2)],
      ]),
      slots: new Map([['m', new Map([['optimizer/m/x', tensor(5)]])]]),
      position,
    },
  ],
  ['no slots', { weights: new Map([['größe/kernel', tensor(1)]]), slots: new Map(), position }],
])('%s come back from a checkpoint', (_, state) => {
  expect(checkpointFromBytes(checkpointToBytes(state))).toEqual(state)
})

test('a checkpoint that is cut short is refused', () => {
  const bytes = checkpointToBytes({ weights: new Map([['w', tensor(1, 2, 3)]]), slots: new Map(), position })
  expect(() => checkpointFromBytes(bytes.subarray(0, bytes.length - 4))).toThrow('does not fit its place')
  expect(() => checkpointFromBytes(bytes.subarray(0, 20))).toThrow('cut short')
})
