import { expect, test } from 'vitest'
import { realSteps } from '../../src/training/real-steps.ts'

test('masked steps are left out of the truth and of the answers, whatever each step holds', () => {
  const mask = [1, 0, 1, 0, 0, 1]
  const yPred = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
  const { yTrue, yPred: kept } = realSteps({ yTrue: Int32Array.of(4, 9, 5, 9, 9, 6), yPred }, mask)
  expect([...(yTrue as Float32Array)]).toEqual([4, 5, 6])
  expect([...(kept as Float32Array)]).toEqual([1, 2, 5, 6, 11, 12])
})

test('where all steps are real nothing is copied', () => {
  const answers = { yTrue: [1, 2], yPred: [3, 4] }
  expect(realSteps(answers, [1, 1]).yPred).toBe(answers.yPred)
})
