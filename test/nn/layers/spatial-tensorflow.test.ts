/** Networks of convolutions, pools and normalizations beside TensorFlow.js, from the same weights. */
import { expect, test } from 'vitest'
import type { Model } from '../../../src/nn/model.ts'
import type { Given } from '../../../src/nn/named.ts'
import { initialWeights } from '../../../src/nn/weights.ts'
import { allclose } from '../../support/allclose.ts'
import { modelOf, runModel, someNumbers } from '../../support/check-layer.ts'
import { numbers } from '../../support/graph.ts'
import type { Nested } from '../../support/keras.ts'
import { type OracleLayer, openOracle, tf } from '../../support/oracle.ts'
import { trainSteps } from '../../support/train-steps.ts'

/** Numbers in nested lists of the given lengths. */
function nested(lengths: readonly number[], values: readonly number[]): Nested {
  const [length, ...rest] = lengths
  if (length === undefined) return values[0] ?? 0
  const size = values.length / length
  return Array.from({ length }, (_, i) => nested(rest, values.slice(i * size, (i + 1) * size)))
}

const some = (lengths: readonly number[], purpose: string): Nested =>
  nested(
    lengths,
    someNumbers(
      lengths.reduce((product, length) => product * length, 1),
      purpose,
    ),
  )

/** TensorFlow.js gives weights that it trains first, then those that move. */
const inOracleOrder = ({ weights }: Model) => [
  ...weights.filter(({ trainable }) => trainable),
  ...weights.filter(({ trainable }) => !trainable),
]

/**
 * What TensorFlow.js 4.22 lacks is left out: causal Conv1D, gradients of dilations, training a BatchNormalization without
 * center or scale. Keras' vectors hold those.
 */
const networks: Readonly<Record<string, { layers: readonly OracleLayer[]; shape: readonly number[] }>> = {
  'an image network': {
    shape: [8, 7, 2],
    layers: [
      { type: 'Conv2D', filters: 4, kernel_size: 3, padding: 'same', strides: [1, 2], activation: 'relu' },
      { type: 'BatchNormalization', momentum: 0.8, epsilon: 0.001 },
      { type: 'MaxPooling2D', pool_size: 2 },
      { type: 'Conv2D', filters: 3, kernel_size: [2, 1], activation: 'tanh' },
      { type: 'Flatten' },
      { type: 'Dense', units: 2 },
    ],
  },
  'a network of separate channels': {
    shape: [6, 6, 2],
    layers: [
      {
        type: 'ZeroPadding2D',
        padding: [
          [1, 0],
          [2, 1],
        ],
      },
      { type: 'SeparableConv2D', filters: 4, kernel_size: 3, depth_multiplier: 2, padding: 'valid' },
      { type: 'BatchNormalization', momentum: 0.5, epsilon: 0.01 },
      { type: 'Activation', activation: 'elu' },
      { type: 'DepthwiseConv2D', kernel_size: 2, padding: 'same' },
      { type: 'AveragePooling2D', pool_size: 2, strides: 2, padding: 'valid' },
      { type: 'GlobalMaxPooling2D' },
      { type: 'Dense', units: 2 },
    ],
  },
  // UpSampling2D stands before every weight: the gradient of TensorFlow.js 4.22 through it is wrong (ours is that of
  // central differences)
  'a network that grows': {
    shape: [3, 4, 2],
    layers: [
      { type: 'UpSampling2D', size: [2, 1] },
      { type: 'Conv2DTranspose', filters: 3, kernel_size: 3, strides: 2, padding: 'same', activation: 'tanh' },
      {
        type: 'Cropping2D',
        cropping: [
          [1, 2],
          [0, 1],
        ],
      },
      { type: 'Conv2D', filters: 2, kernel_size: 2, strides: 2, padding: 'same' },
      { type: 'GlobalAveragePooling2D' },
    ],
  },
  'a network over steps': {
    shape: [9, 3],
    layers: [
      { type: 'Conv1D', filters: 4, kernel_size: 3, padding: 'same', activation: 'tanh' },
      { type: 'LayerNormalization' },
      { type: 'MaxPooling1D', pool_size: 2, strides: 2 },
      { type: 'BatchNormalization' },
      { type: 'Conv1D', filters: 2, kernel_size: 2, strides: 2, padding: 'same' },
      { type: 'GlobalAveragePooling1D' },
    ],
  },
  'a network over volumes': {
    shape: [4, 4, 3, 1],
    layers: [
      { type: 'Conv3D', filters: 3, kernel_size: 2, padding: 'same', activation: 'tanh' },
      { type: 'MaxPooling3D', pool_size: 2, strides: 2, padding: 'valid' },
      { type: 'Flatten' },
      { type: 'Dense', units: 2 },
    ],
  },
}

test.each(Object.entries(networks))('%s gives what TensorFlow.js gives', async (_, { layers, shape }) => {
  const model = modelOf(layers, shape)
  const start = initialWeights(model, 5)
  const x = some([3, ...shape], 'x')
  const { y } = await runModel(model, [x].flat(9) as number[], start, { served: true })
  const given = inOracleOrder(model).map(({ name }) => start.get(name) ?? [])
  allclose(numbers(y), openOracle(layers, shape, given).predict(x), { relative: 1e-4, absolute: 1e-6 })
})

test.each(Object.entries(networks))(
  '%s: four steps end where those of TensorFlow.js end',
  async (_, { layers, shape }) => {
    const model = modelOf(layers, shape)
    const start = initialWeights(model, 5)
    const batches = [4, 4, 4, 2].map((rows, i) => [some([rows, ...shape], `x${i}`), some([rows, 2], `y${i}`)] as const)
    const sgd = { name: 'sgd', learning_rate: 0.05 } as Given
    const ours = await trainSteps(model, start, 'mean_squared_error', sgd, batches)
    const ordered = inOracleOrder(model)
    const given = ordered.map(({ name }) => start.get(name) ?? [])
    const oracle = openOracle(layers, shape, given, { optimizer: tf.train.sgd(0.05), loss: 'meanSquaredError' })
    const theirs = await oracle.train(batches)
    allclose(ours.losses, theirs.losses, { relative: 1e-4 })
    for (const [i, { name }] of ordered.entries()) {
      allclose(ours.weights.get(name) ?? [], theirs.weights[i] ?? [], { relative: 1e-4, absolute: 2e-5 })
    }
    expect(theirs.losses.at(-1)).not.toBe(theirs.losses[0])
  },
)
