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
const columns = {
  ...{ x: [1, 2, 3, 4, 5, 6], cost: [3, 1, 2, 5, 4, 6], size: ['s', 'm', 'l', 'x', 'y', 'z'] },
  type: ['a', 'b', 'c', 'a', 'b', 'c'],
}
const target = { price: 'cost', kind: 'type' }

async function planOf(request: object, of = definition, cells: Readonly<Record<string, readonly unknown[]>> = columns) {
  const { table } = await tableFromJson({ columns: cells })
  const plan = planTraining({
    ...{ definition: of, table, columns: describeColumns(table), seed: 1 },
    request: { dataset: 'ds_1', features: ['x'], split: { train: 1, shuffle: false }, ...request },
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
  ['a loss for all that does not fit one', { target, loss: 'binary_crossentropy' }, '/loss'],
  ['a usual loss that cannot be', { target: { ...target, kind: 'size' } }, '/target/kind'],
  ['a metric that does not fit', { target, metrics: { price: ['mse', 'confusion_matrix'] } }, '/metrics/price/1'],
  ['a metric for all that does not fit one', { target, metrics: ['mse', 'confusion_matrix'] }, '/metrics/1'],
  ['classes of no output', { target, split: { stratify: 'size' } }, '/split/stratify'],
  ['classes of numbers', { target, split: { stratify: 'price' } }, '/split/stratify'],
  ['class weights', { target, class_weight: 'balanced' }, '/class_weight'],
])('%s is a mistake of the request', async (_, request, pointer) => {
  await expect(planOf(request)).rejects.toEqual(
    expect.objectContaining({ errors: expect.arrayContaining([expect.objectContaining({ pointer })]) }),
  )
})

test('names of outputs are escaped in pointers', async () => {
  const odd = parseDefinition({
    layers: [
      { type: 'Input', name: 'in' },
      { type: 'Dense', name: 'a/b~c', units: 1, inputs: ['in'] },
      { type: 'Dense', name: 'kind', units: 3, activation: 'softmax', inputs: ['in'] },
    ],
    outputs: ['a/b~c', 'kind'],
  })
  const own = { 'a/b~c': 'cost', kind: 'type' }
  const wrong: readonly (readonly [object, string])[] = [
    [{ target: { ...own, 'a/b~c': 'nothing' } }, '/target/a~1b~0c'],
    [{ target: own, loss: { 'a/b~c': 'hinge' } }, '/loss/a~1b~0c'],
    [{ target: own, metrics: { 'a/b~c': ['confusion_matrix'] } }, '/metrics/a~1b~0c/0'],
    [{ target: { ...own, 'x/y': 'cost' } }, '/target/x~1y'],
    [{ target: own, loss_weights: { 'x/y': 1 } }, '/loss_weights/x~1y'],
  ]
  for (const [request, pointer] of wrong) {
    await expect(planOf(request, odd)).rejects.toMatchObject({ errors: [{ pointer }] })
  }
})

test('a model with one output may name it, too', async () => {
  const one = parseDefinition({ layers: [{ type: 'Dense', name: 'kind', units: 3, activation: 'softmax' }] })
  const metrics = { kind: ['accuracy', 'mean_squared_error', 'accuracy'] }
  await expect(planOf({ target: { kind: 'type' }, metrics }, one)).rejects.toMatchObject({
    errors: [{ pointer: '/metrics/kind/2' }],
  })
})

const two = parseDefinition({
  layers: [
    { type: 'Input', name: 'in' },
    { type: 'Dense', name: 'price', units: 1, inputs: ['in'] },
    { type: 'Dense', name: 'half', units: 2, activation: 'softmax', inputs: ['in'] },
    { type: 'Dense', name: 'third', units: 3, activation: 'softmax', inputs: ['in'] },
  ],
  outputs: ['price', 'half', 'third'],
})

/** How often each class of an output is in the validation part, of 24 rows of which a quarter validates. */
async function validated(stratify?: string | boolean) {
  const rows = Array.from({ length: 24 }, (_, i) => i)
  const table = { x: rows, cost: rows, h: rows.map((i) => (i < 12 ? 'a' : 'b')), t: rows.map((i) => 'uvw'[i % 3]) }
  const split = { train: 0.75, validation: 0.25, ...(stratify !== undefined && { stratify }) }
  const request = { target: { price: 'cost', half: 'h', third: 't' }, split, features: ['x'] }
  const { plan } = await planOf(request, two, table)
  const countsOf = (classes: readonly unknown[], labels: readonly string[]) => {
    return labels.map((label) => [...plan.split.validation].filter((row) => classes[row] === label).length)
  }
  return {
    told: plan.request.split.stratify,
    half: countsOf(table.h, ['a', 'b']),
    third: countsOf(table.t, ['u', 'v', 'w']),
  }
}

test('shares of classes are kept of the first output that has some, or of the one that the request names', async () => {
  expect(await validated()).toMatchObject({ told: 'half', half: [3, 3] })
  expect(await validated(true)).toMatchObject({ told: 'half', half: [3, 3] })
  expect(await validated('third')).toMatchObject({ told: 'third', third: [2, 2, 2] })
  expect(await validated(false)).toMatchObject({ told: false })
})

test('a class of any output that is not in every part is told with the name of the output', async () => {
  const { plan } = await planOf({ target, split: { train: 2 / 3, validation: 1 / 3, shuffle: false } })
  expect(plan.warnings).toMatchObject([
    {
      code: 'class_not_in_every_part',
      pointer: '/split',
      detail: 'output "kind": class "a" (2 rows) is not in validation.',
    },
  ])
})

test('two outputs of one layer have names of their own, a number that no other output has', async () => {
  const states = parseDefinition({
    layers: [
      { type: 'Input', name: 'in', shape: [2, 1] },
      { type: 'LSTM', name: 'lstm', units: 1, return_state: true, inputs: ['in'] },
      { type: 'Dense', name: 'lstm_1', units: 1, inputs: ['lstm'] },
    ],
    outputs: ['lstm', { layer: 'lstm', output: 1 }, { layer: 'lstm', output: 2 }, 'lstm_1'],
  })
  const table = {
    x: [
      [[1], [2]],
      [[3], [4]],
    ],
    y: [1, 2],
    z: [2, 1],
  }
  const named = { lstm: 'y', lstm_2: 'z', lstm_3: 'y', lstm_1: 'y' }
  const { plan } = await planOf({ target: named }, states, table)
  expect(plan.request.target).toEqual(named)
  expect(plan.model.outputs.map(({ name, source }) => [name, source.output])).toEqual([
    ['lstm', 0],
    ['lstm_2', 1],
    ['lstm_3', 2],
    ['lstm_1', 0],
  ])
  await expect(planOf({ target: { ...named, lstm_4: 'y' } }, states, table)).rejects.toThrow(/"lstm", "lstm_2"/)
})
