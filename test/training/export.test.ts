import { expect, test } from 'vitest'
import { readTable } from '../../src/data/readers/read-table.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { stringTensor, type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { createRandom } from '../../src/random.ts'
import { openSession } from '../../src/runtime/session.ts'
import { exportModel } from '../../src/training/export.ts'
import { fit as train } from '../../src/training/fit.ts'
import { numbers } from '../support/graph.ts'

const random = createRandom(3)
const rows = Array.from({ length: 120 }, (_, i) => {
  const color = ['red', 'green', 'blue'][i % 3] as string
  const size = 50 + 10 * random.normal()
  const label = color === 'red' ? 'warm' : size > 50 ? 'big' : 'small'
  return { color, size, wet: random.uniform() > 0.5, label, price: 3 * size + (color === 'red' ? 100 : 0) }
})

async function trainAndExport(units: number, activation: string, request: object) {
  const { table, columns } = await readTable(Buffer.from(JSON.stringify({ rows })), { format: 'json' })
  const definition = parseDefinition({
    layers: [
      { type: 'Dense', units: 16, activation: 'relu', name: 'label' },
      { type: 'Dense', units, activation, name: 'value' },
    ],
  })
  const plan = planTraining({
    definition,
    table,
    columns,
    request: { dataset: 'ds_1', features: ['color', 'size', 'wet'], seed: 1, ...request },
  })
  const result = await train({
    ...plan,
    train: encodePart(plan, table, 'train'),
    validation: encodePart(plan, table, 'validation'),
    providers: ['cpu'],
    threads: 1,
  })
  const exported = exportModel({ ...plan, weights: result.last.weights })
  const session = await openSession(exported.bytes)
  const ask = (instances: { color: string; size: number; wet: boolean }[]): Promise<Record<string, Tensor>> => {
    const shape = [instances.length, 1]
    return session.run({
      color: stringTensor(
        instances.map(({ color }) => color),
        shape,
      ),
      size: tensorOf(
        'float64',
        instances.map(({ size }) => size),
        shape,
      ),
      wet: tensorOf(
        'float64',
        instances.map(({ wet }) => Number(wet)),
        shape,
      ),
    })
  }
  return { ask, signature: exported.signature }
}

test('a served classifier takes raw values and answers labels and probabilities', async () => {
  const { ask, signature } = await trainAndExport(3, 'softmax', {
    target: 'label',
    epochs: 60,
    optimizer: { name: 'adam', learning_rate: 0.02 },
  })
  const { label, probabilities } = await ask([
    { color: 'red', size: 30, wet: true },
    { color: 'blue', size: 80, wet: false },
    { color: 'green', size: 20, wet: false },
  ])
  expect(label?.data).toEqual(['warm', 'big', 'small'])
  expect(probabilities?.dims).toEqual([3, 3])
  expect(
    numbers(probabilities)
      .slice(0, 3)
      .reduce((a, b) => a + b),
  ).toBeCloseTo(1, 5)
  expect(signature.features.map(({ name, type }) => [name, type])).toEqual([
    ['color', 'category'],
    ['size', 'number'],
    ['wet', 'boolean'],
  ])
  expect(signature.target).toEqual({ name: 'label', kind: 'multiclass', labels: ['big', 'small', 'warm'] })
})

test('a served regression answers in the units of the target', async () => {
  const { ask } = await trainAndExport(1, 'linear', {
    target: 'price',
    epochs: 300,
    optimizer: { name: 'adam', learning_rate: 0.05 },
  })
  const { value } = await ask([
    { color: 'red', size: 50, wet: true },
    { color: 'blue', size: 60, wet: true },
  ])
  expect(numbers(value)[0]).toBeGreaterThan(225)
  expect(numbers(value)[0]).toBeLessThan(275)
  expect(numbers(value)[1]).toBeLessThan(205)
})
