/** Models with several outputs: the column, the loss and the metrics of each by its name. */
import { expect, test } from 'vitest'
import { describeColumns } from '../../src/data/columns.ts'
import { tableFromJson } from '../../src/data/readers/read-table.ts'
import { parseDefinition } from '../../src/nn/definition.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'

const definition = parseDefinition({
  layers: [
    { type: 'Input', name: 'in' },
    { type: 'Dense', name: 'shared', units: 4, inputs: ['in'] },
    { type: 'Dense', name: 'price', units: 1, inputs: ['shared'] },
    { type: 'Dense', name: 'kind', units: 3, activation: 'softmax', inputs: ['shared'] },
  ],
  outputs: ['price', 'kind'],
})
const columns = { x: [1, 2, 3, 4, 5, 6], cost: [3, 1, 2, 5, 4, 6], type: ['a', 'b', 'c', 'a', 'b', 'c'] }
const target = { price: 'cost', kind: 'type' }

async function planOf(request: object) {
  const { table } = await tableFromJson({ columns })
  const plan = planTraining({
    ...{ definition, table, columns: describeColumns(table), seed: 1 },
    request: { dataset: 'ds_1', split: { train: 1, shuffle: false }, ...request },
  })
  return { plan, part: encodePart(plan, table, 'train') }
}

test('each output gets its column, its usual loss and metric, and a weight of 1', async () => {
  const { plan, part } = await planOf({ target })
  expect(plan.request).toMatchObject({
    ...{ features: ['x'], target, loss_weights: { price: 1, kind: 1 } },
    loss: { price: { name: 'mean_squared_error' }, kind: { name: 'sparse_categorical_crossentropy' } },
    metrics: { price: ['mean_absolute_error'], kind: ['accuracy'] },
  })
  expect(part.y).toMatchObject({ type: 'float32', dims: [6, 1] })
  expect(part.otherTargets).toEqual([{ type: 'int32', dims: [6], data: Int32Array.of(0, 1, 2, 0, 1, 2) }])
})

test('the request told back gives the same plan', async () => {
  const { plan } = await planOf({ target, loss: { price: 'mae' }, loss_weights: { kind: 0.5 } })
  expect((await planOf(plan.request)).plan).toEqual(plan)
})

test.each([
  ['a text', { target: 'cost' }, '/target'],
  ['no target', {}, '/target'],
  ['an output left out', { target: { price: 'cost' } }, '/target'],
  ['an output that is not there', { target: { ...target, size: 'x' } }, '/target/size'],
  ['a column that is not there', { target: { ...target, kind: 'sort' } }, '/target/kind'],
  ['a target among the features', { target, features: ['x', 'type'] }, '/features/1'],
  ['the loss of no output', { target, loss: { size: 'mse' } }, '/loss/size'],
  ['a loss that does not fit', { target, loss: { kind: 'binary_crossentropy' } }, '/loss/kind'],
  ['a loss that is none', { target, loss: { kind: 'nonsense' } }, '/loss/kind'],
  ['the weight of no output', { target, loss_weights: { size: 1 } }, '/loss_weights/size'],
  ['the metrics of no output', { target, metrics: { size: ['mse'] } }, '/metrics/size'],
  ['class weights', { target, class_weight: 'balanced' }, '/class_weight'],
  ['TensorFlow.js', { target, engine: 'tensorflow' }, '/engine'],
])('%s is a mistake of the request', async (_, request, pointer) => {
  await expect(planOf(request)).rejects.toEqual(
    expect.objectContaining({ errors: expect.arrayContaining([expect.objectContaining({ pointer })]) }),
  )
})
