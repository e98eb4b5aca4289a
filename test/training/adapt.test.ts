/** Normalizations that take mean and variance of the training rows, against Keras' adapt (make_gradients.py). */
import { expect, test } from 'vitest'
import { readTable } from '../../src/data/readers/read-table.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { summarize } from '../../src/nn/summary.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { openSession } from '../../src/runtime/session.ts'
import { adapted } from '../../src/training/adapt.ts'
import { exportModel } from '../../src/training/export.ts'
import { startOf, fit as train } from '../../src/training/fit.ts'
import { allclose } from '../support/allclose.ts'
import { modelOf, runModel } from '../support/check-layer.ts'
import { numbers } from '../support/graph.ts'
import { flat, kerasFixture, type Nested, shapeOf } from '../support/keras.ts'

interface AdaptedCase {
  readonly arguments: object
  readonly data: Nested
  readonly weights: readonly Nested[]
  readonly y: Nested
  readonly parameters: number
}

const cases = kerasFixture<AdaptedCase[]>('adapted.json').map((made) => [JSON.stringify(made.arguments), made] as const)

/** What a model's Normalization takes from these rows. */
async function adaptTo(layers: readonly object[], data: Nested) {
  const [rows = 0, ...shape] = shapeOf(data)
  const model = modelOf(layers, shape)
  const x = tensorOf('float32', flat(data), shapeOf(data))
  const part = { rows, x, y: tensorOf('float32', [], [0]) }
  const state = await adapted({ model, train: part, providers: ['cpu'] }, startOf(model, 1))
  return { model, weights: new Map([...state.weights].map(([name, weight]) => [name, weight.data])) }
}

test.each(cases)("Normalization %s takes what Keras' adapt takes", async (_name, made) => {
  const layer = { type: 'Normalization', ...made.arguments }
  const { model, weights } = await adaptTo([layer], made.data)
  for (const [i, { name }] of model.weights.entries()) {
    allclose(weights.get(name) ?? [], flat(made.weights[i] ?? []), { relative: 1e-5, absolute: 1e-6 })
  }
  expect(summarize(model)).toMatchObject({ total_parameters: made.parameters, trainable_parameters: 0 })
  const y = await runModel(model, flat(made.data).slice(0, flat(made.y).length), weights)
  allclose(numbers(y.y), flat(made.y), { relative: 1e-5, absolute: 1e-5 })
})

test('a Normalization behind layers takes what they give, the one before it with its own numbers', async () => {
  const layers = [
    { type: 'Rescaling', scale: 2, offset: 1 },
    { type: 'Normalization', axis: null, name: 'first' },
    { type: 'Dropout', rate: 0.5 },
    { type: 'Normalization', name: 'second' },
  ]
  const { weights } = await adaptTo(layers, [
    [0, 1],
    [2, 5],
  ])
  allclose(weights.get('first/mean') ?? [], [5])
  allclose(weights.get('first/variance') ?? [], [14])
  allclose(weights.get('second/mean') ?? [], [-2 / Math.sqrt(14), 2 / Math.sqrt(14)])
  allclose(weights.get('second/variance') ?? [], [4 / 14, 16 / 14])
})

const width = { features: ['width'], target: 'price', preprocessing: 'none', dataset: 'ds_1', seed: 1 }

async function trainOn(rows: readonly object[], request: object) {
  const { table, columns } = await readTable(Buffer.from(JSON.stringify({ rows })), { format: 'json' })
  const definition = parseDefinition({
    layers: [
      { type: 'Normalization', name: 'norm' },
      { type: 'Dense', units: 1 },
    ],
  })
  const plan = planTraining({ definition, table, columns, request: { ...width, ...request } })
  const data = { train: encodePart(plan, table, 'train'), validation: encodePart(plan, table, 'validation') }
  const settings = { ...plan, ...data, providers: ['cpu'], threads: 1 }
  return { plan, settings, result: await train(settings) }
}

const rows = Array.from({ length: 10 }, (_, i) => ({ width: i < 8 ? i : 1000, price: 3 * i }))
// in the order of the data, so that the rows of validation and test are those that stand apart
const split = { train: 0.8, validation: 0.1, test: 0.1, shuffle: false, stratify: false }

test('a training takes mean and variance of its training rows only, keeps them, and tells them with the version', async () => {
  const { plan, settings, result } = await trainOn(rows, { epochs: 2, split })
  const trained = Array.from(settings.train.x.data)
  const mean = trained.reduce((sum, value) => sum + value, 0) / trained.length
  expect(Math.max(...trained)).toBe(7)
  for (const state of [result.last, result.best]) allclose(state?.weights.get('norm/mean')?.data ?? [], [mean])
  const { bytes, signature } = exportModel({ ...plan, weights: result.last.weights })
  expect(signature.normalizations).toEqual([{ layer: 'norm', mean: [3.5], variance: [5.25] }])
  const session = await openSession(bytes)
  const { value } = await session.run({ width: tensorOf('float64', [3.5], [1, 1]) })
  allclose(numbers(value), result.last.weights.get('dense/bias')?.data ?? [], { relative: 1e-5 })
  await session.close()
})

test('a training that goes on keeps the numbers of its checkpoint', async () => {
  const { settings, result } = await trainOn(rows, { epochs: 1, split })
  const moved = new Map([...result.last.weights, ['norm/mean', { shape: [1], data: Float32Array.of(40) }] as const])
  const further = await train({ ...settings, epochs: 2 }, { resumeFrom: { ...result.last, weights: moved } })
  expect([...(further.last.weights.get('norm/mean')?.data ?? [])]).toEqual([40])
})

test('a Normalization inside of a wrapper asks for its numbers', () => {
  const layers = [{ type: 'TimeDistributed', layer: { type: 'Normalization' } }]
  expect(() => parseDefinition({ layers })).toThrow(/Normalization inside of a layer: give mean and variance/)
})
