import { test } from 'vitest'
import { initialWeights } from '../../../../src/nn/weights.ts'
import { allclose } from '../../../support/allclose.ts'
import { modelOf, runModel, someNumbers } from '../../../support/check-layer.ts'
import { numbers } from '../../../support/graph.ts'

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1)

test.each([
  [{ type: 'Dense', units: 3, activation: 'softmax' }, [2]],
  [{ type: 'Conv2D', filters: 3, kernel_size: 2, activation: 'relu' }, [4, 5, 2]],
  [{ type: 'MaxPooling2D', pool_size: 2 }, [4, 5, 2]],
  [{ type: 'Conv1D', filters: 3, kernel_size: 2, padding: 'same' }, [4, 2]],
  [{ type: 'BatchNormalization' }, [4, 5, 2]],
  [{ type: 'GlobalAveragePooling2D' }, [4, 5, 2]],
  [{ type: 'LSTM', units: 2, return_sequences: true }, [4, 2]],
  [{ type: 'TimeDistributed', layer: { type: 'Dense', units: 2 } }, [4, 2]],
] as const)('%j gives for each step what it gives on its own', async (layer, shape) => {
  const time = 3
  const alone = modelOf([layer], shape)
  const wrapped = modelOf([{ type: 'TimeDistributed', layer }], [time, ...shape])
  const weights = initialWeights(alone, 3)
  const values = [...weights.values()]
  const same = new Map(wrapped.weights.map(({ name }, i) => [name, values[i] ?? []]))
  const x = someNumbers(2 * time * product(shape), 'x') // 2 sequences of 3 steps are 6 samples
  const [ours, expected] = [await runModel(wrapped, x, same), await runModel(alone, x, weights)]
  allclose(numbers(ours.y), numbers(expected.y), { relative: 1e-5, absolute: 1e-6 })
})
