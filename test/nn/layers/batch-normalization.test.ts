/** What BatchNormalization does while it trains: Keras' vectors, and C05 through whole trainings. */
import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../../src/nn/definition.ts'
import { layerOf } from '../../../src/nn/layers/index.ts'
import type { LayerConfig, LayerContext } from '../../../src/nn/layers/layer.ts'
import { buildModel } from '../../../src/nn/model.ts'
import { summarize } from '../../../src/nn/summary.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import type { Real } from '../../../src/onnx/value.ts'
import { allclose } from '../../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../../support/keras.ts'
import { trainSmall } from '../../support/train.ts'

interface Trace {
  readonly layer: { readonly type: string }
  readonly weights: readonly Nested[]
  readonly mask?: readonly (readonly boolean[])[]
  readonly steps: readonly { readonly x: Nested; readonly y: Nested; readonly moving: readonly Nested[] }[]
}

/** One batch through the formula in training mode: what it gives, and what it moves the statistics to. */
async function step(config: LayerConfig, x: Nested, weights: ReadonlyMap<string, Nested>, mask: number[] | null) {
  const op = createBuilder(newGraph())
  const constant = (value: Nested): Real => op.constant(tensorOf('float32', flat(value), shapeOf(value)))
  const values: Record<string, Real | null> = { gamma: null, beta: null }
  for (const [name, value] of weights) values[name] = constant(value)
  const moved = new Map<string, Real>()
  const input = constant(x)
  const context: LayerContext = {
    training: true,
    uniform: (like) => like,
    layerName: 'norm',
    inputs: [input],
    masks: [mask && op.Cast(op.constant(tensorOf('float32', mask, shapeOf(x).slice(0, -1))), { to: 'bool' })],
    channelAxis: -1,
    assign: (name, value) => void moved.set(name, value),
    penalize: () => undefined,
    callInner: () => [],
  }
  const y = layerOf('BatchNormalization').call(op, input, values, config, context) as Real
  for (const value of [y, ...moved.values()]) op.graph.output(value)
  const results = await runGraph(op.graph, {})
  return {
    y: numbers(results[y.name]),
    moving: ['moving_mean', 'moving_variance'].map((name) => numbers(results[moved.get(name)?.name ?? ''])),
  }
}

const traces = kerasFixture<Trace[]>('batch-normalization.json').map(
  (trace) => [`${JSON.stringify(trace.layer)}${trace.mask ? ' with a mask' : ''}`, trace] as const,
)

test.each(traces)("%s gives Keras' batches and moves as Keras does", async (_name, { layer, weights, mask, steps }) => {
  const model = buildModel(parseDefinition({ layers: [layer] }), shapeOf(steps[0]?.x ?? []).slice(1))
  const built = model.layers.find(({ type }) => type === 'BatchNormalization')
  const names = [...(built?.weights ?? [])].flatMap(([short, weight]) => (weight ? [short] : []))
  const now = new Map(names.map((name, i) => [name, weights[i] ?? []]))
  for (const { x, y, moving } of steps) {
    const rows = shapeOf(x)[0] ?? 0
    const real = mask ? mask.slice(0, rows).flat().map(Number) : null
    const result = await step(built?.config as LayerConfig, x, now, real)
    allclose(result.y, flat(y), { relative: 2e-5, absolute: 1e-5 })
    for (const [i, name] of ['moving_mean', 'moving_variance'].entries()) {
      allclose(result.moving[i] ?? [], flat(moving[i] ?? []), { relative: 1e-5, absolute: 1e-6 })
      now.set(name, result.moving[i] ?? [])
    }
  }
})

describe('C05: a frozen BatchNormalization', () => {
  const ones = { name: 'constant', value: 1 }
  const layersOf = (trainable: boolean) => [
    {
      type: 'BatchNormalization',
      name: 'norm',
      momentum: 0.5,
      moving_mean_initializer: ones,
      moving_variance_initializer: { name: 'constant', value: 4 },
      trainable,
    },
    { type: 'Dense', units: 1, kernel_initializer: ones },
  ]
  const training = (trainable: boolean) => ({
    layers: layersOf(trainable),
    x: [[1], [3], [5], [7]],
    y: [0, 0, 0, 0],
    loss: 'mean_squared_error' as const,
    optimizer: { name: 'sgd', learning_rate: 0 },
    batchSize: 4,
  })

  test.each([
    ['frozen, it keeps its statistics and uses them', false, 3.4991252, 1, 4],
    ['not frozen, it uses those of the batch and moves its own', true, 0.99980004, 2.5, 4.5],
  ])('%s', async (_, trainable, loss, mean, variance) => {
    const { history, result } = await trainSmall(training(trainable))
    allclose([Number(history[0]?.loss)], [loss], { relative: 1e-6 })
    const statistic = (name: string) => result.last.weights.get(`norm/${name}`)?.data ?? []
    allclose(statistic('moving_mean'), [mean], { relative: 1e-6 })
    allclose(statistic('moving_variance'), [variance], { relative: 1e-6 })
  })

  test.each([
    [false, 2],
    [true, 4],
  ])('trainable %s: of 6 parameters %i are trained', (trainable, trained) => {
    const model = buildModel(parseDefinition({ layers: layersOf(trainable) }), [1])
    expect(summarize(model)).toMatchObject({ total_parameters: 6, trainable_parameters: trained })
  })

  test('several batches move the statistics one after the other', async () => {
    const { result } = await trainSmall({ ...training(true), batchSize: 2 })
    // batches [1, 3] and [5, 7]: means 2 and 6, variances 1
    allclose(result.last.weights.get('norm/moving_mean')?.data ?? [], [(1 / 2 + 2 / 2) / 2 + 6 / 2], {
      relative: 1e-6,
    })
    allclose(result.last.weights.get('norm/moving_variance')?.data ?? [], [1.75], { relative: 1e-6 })
  })
})
