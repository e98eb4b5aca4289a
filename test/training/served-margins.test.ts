/** Outputs that are no probabilities, margins and scores, are served and measured with the winner that they mean. */
import { expect, test } from 'vitest'
import { describeColumns } from '../../src/data/columns.ts'
import { tableFromJson } from '../../src/data/readers/read-table.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'
import { openSession } from '../../src/runtime/session.ts'
import { exportModel } from '../../src/training/export.ts'
import { fit as train } from '../../src/training/fit.ts'
import { numbers } from '../support/graph.ts'

const x = Array.from({ length: 60 }, (_, row) => Math.sin(row) * 3)

async function served(classes: (value: number) => string, units: number, activation: string, loss: string) {
  const { table } = await tableFromJson({ columns: { x, y: x.map(classes) } })
  const definition = parseDefinition({
    layers: [
      { type: 'Dense', units: 8, activation: 'tanh' },
      { type: 'Dense', units, activation },
    ],
  })
  const request = { dataset: 'ds_1', target: 'y', loss, epochs: 60, optimizer: { name: 'adam', learning_rate: 0.05 } }
  const columns = describeColumns(table)
  const plan = planTraining({ definition, table, columns, request: { ...request, split: { train: 1 } }, seed: 1 })
  let accuracy: unknown
  const settings = {
    ...plan,
    train: encodePart(plan, table, 'train'),
    validation: null,
    providers: ['cpu'],
    threads: 1,
  }
  const { last } = await train(settings, {
    onEpoch: (row) => {
      accuracy = row.accuracy
    },
  })
  const session = await openSession(exportModel({ ...plan, weights: last.weights }).bytes)
  const { label, probabilities } = await session.run({ x: tensorOf('float64', x, [x.length, 1]) })
  await session.close()
  return { accuracy, labels: label?.data, probabilities: numbers(probabilities) }
}

const two = (value: number) => (value > 0.5 ? 'high' : 'low')
const three = (value: number) => (value > 1 ? 'high' : value < -1 ? 'low' : 'middle')

test.each([
  ['hinge', 'tanh', two, 1],
  ['squared_hinge', 'linear', two, 1],
  ['hinge', 'sigmoid', two, 1],
  ['categorical_hinge', 'linear', three, 3],
  ['categorical_hinge', 'softmax', three, 3],
  ['cosine_similarity', 'softmax', three, 3],
  ['kl_divergence', 'softmax', three, 3],
] as const)('%s with %s', async (loss, activation, classes, units) => {
  const { accuracy, labels, probabilities } = await served(classes, units, activation, loss)
  expect(accuracy).toBeGreaterThan(0.9)
  const right = x.map(classes).filter((label, row) => label === (labels as readonly string[])[row]).length
  expect(right / x.length).toBeGreaterThan(0.9)
  const count = units === 1 ? 2 : units
  for (let row = 0; row < x.length; row++) {
    const shares = probabilities.slice(row * count, (row + 1) * count)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5)
    for (const share of shares) expect(share).toBeGreaterThanOrEqual(0)
  }
})
