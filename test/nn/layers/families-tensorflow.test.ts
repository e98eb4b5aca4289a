/** Chains of activation and reshaping layers beside TensorFlow.js, and graphs that merge: five steps from the same weights. */
import { expect, test } from 'vitest'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { buildModel } from '../../../src/nn/model.ts'
import type { Given } from '../../../src/nn/named.ts'
import { initialWeights } from '../../../src/nn/weights.ts'
import { allclose } from '../../support/allclose.ts'
import { modelOf, someNumbers } from '../../support/check-layer.ts'
import { type OracleLayer, openOracle, tf } from '../../support/oracle.ts'
import { trainSteps } from '../../support/train-steps.ts'

const matrix = (rows: number, columns: number, purpose: string): number[][] => {
  const values = someNumbers(rows * columns, purpose)
  return Array.from({ length: rows }, (_, row) => values.slice(row * columns, (row + 1) * columns))
}

const batches = [8, 8, 8, 8, 3].map((rows, i) => [matrix(rows, 6, `x${i}`), matrix(rows, 2, `y${i}`)] as const)
const sgd: Given = { name: 'sgd', learning_rate: 0.1 } as Given
const hidden = { type: 'Dense', units: 6, activation: 'tanh' }
const output = { type: 'Dense', units: 2 }
const sequence = { type: 'Reshape', target_shape: [3, 2] }

function same(layer: OracleLayer) {
  return [layer, layer] as const
}

/** TensorFlow.js names the slope of LeakyReLU `alpha`; its ReLU has a largest value only, its ELU no alpha but 1. */
const alike: readonly (readonly [ours: OracleLayer, theirs: OracleLayer])[] = [
  same({ type: 'ReLU', max_value: 0.3 }),
  [
    { type: 'LeakyReLU', negative_slope: 0.2 },
    { type: 'LeakyReLU', alpha: 0.2 },
  ],
  same({ type: 'PReLU', alpha_initializer: 'zeros' }),
  same({ type: 'ELU' }),
  same({ type: 'Softmax' }),
]

test.each(alike)('a chain with %j is trained as TensorFlow.js trains it', async (ours, theirs) => {
  const chain = (layer: OracleLayer) => [hidden, layer, output]
  await compare(chain(ours), chain(theirs))
})

test.each<OracleLayer[]>([
  [sequence, { type: 'PReLU', shared_axes: [1] }],
  [sequence, { type: 'Permute', dims: [2, 1] }],
  [sequence, { type: 'Softmax', axis: -1 }],
  [{ type: 'RepeatVector', n: 3 }],
])('a chain with %j and then %j is trained as TensorFlow.js trains it', async (...layers) => {
  const chain = [hidden, ...layers, { type: 'Flatten' }, output]
  await compare(chain, chain)
})

async function compare(ours: readonly OracleLayer[], theirs: readonly OracleLayer[]) {
  const model = modelOf(ours, [6])
  const start = initialWeights(model, 11)
  const training = { optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' }
  const expected = await openOracle(theirs, [6], [...start.values()], training).train(batches)
  const trained = await trainSteps(model, start, 'mean_squared_error', sgd, batches)
  allclose(trained.losses, expected.losses, { relative: 1e-4 })
  allclose([...trained.weights.values()].flat(), expected.weights.flat(), { relative: 1e-4, absolute: 2e-5 })
}

type Tensor = tf.SymbolicTensor
const merges: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  Add: (a, b) => tf.layers.add().apply([a, b]) as Tensor,
  Multiply: (a, b) => tf.layers.multiply().apply([a, b]) as Tensor,
  Average: (a, b) => tf.layers.average().apply([a, b]) as Tensor,
  Maximum: (a, b) => tf.layers.maximum().apply([a, b]) as Tensor,
  Minimum: (a, b) => tf.layers.minimum().apply([a, b]) as Tensor,
  Concatenate: (a, b) => tf.layers.concatenate().apply([a, b]) as Tensor,
  Dot: (a, b) => tf.layers.dot({ axes: 1, normalize: false }).apply([a, b]) as Tensor,
}

test.each(Object.keys(merges))('a graph with %s is trained as TensorFlow.js trains it', async (type) => {
  const merge = { type, name: 'm', inputs: ['a', 'b'], ...(type === 'Dot' ? { axes: 1 } : {}) }
  const model = buildModel(
    parseDefinition({
      layers: [
        { type: 'Input', name: 'x', shape: [6] },
        { ...hidden, name: 'a', inputs: ['x'] },
        { ...hidden, name: 'b', inputs: ['x'] },
        merge,
        { ...output, name: 'o', inputs: ['m'] },
      ],
    }),
  )
  const start = initialWeights(model, 11)
  const x = tf.input({ shape: [6] })
  const dense = (units: number, activation?: 'tanh') => tf.layers.dense({ units, ...(activation && { activation }) })
  const [a, b] = [0, 1].map(() => dense(6, 'tanh').apply(x) as Tensor) as [Tensor, Tensor]
  const y = dense(2).apply((merges[type] as (typeof merges)[string])(a, b)) as Tensor
  const oracle = tf.model({ inputs: x, outputs: y })
  oracle.setWeights(oracle.getWeights().map(({ shape }, i) => tf.tensor([...([...start.values()][i] ?? [])], shape)))
  oracle.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' })
  const losses: number[] = []
  for (const [xs, ys] of batches) losses.push(Number(await oracle.trainOnBatch(tf.tensor(xs), tf.tensor(ys))))
  const trained = await trainSteps(model, start, 'mean_squared_error', sgd, batches)
  allclose(trained.losses, losses, { relative: 1e-4 })
  const ends = oracle.getWeights().map((weight) => [...weight.dataSync()])
  allclose([...trained.weights.values()].flat(), ends.flat(), { relative: 1e-4, absolute: 2e-5 })
  expect(losses.at(-1)).not.toBeCloseTo(losses[0] ?? 0, 3)
})
