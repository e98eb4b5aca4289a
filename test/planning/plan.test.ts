/** Plans: defaults told back, faults found with their pointers. */
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ColumnInfo, describeColumns } from '../../src/data/columns.ts'
import { readTable, tableFromJson } from '../../src/data/readers/read-table.ts'
import { cellValue, columnNamed, type Table } from '../../src/data/table.ts'
import { type Definition, parseDefinition } from '../../src/nn/definition.ts'
import { resolveOptimizer } from '../../src/nn/optimizers/index.ts'
import { encodePart } from '../../src/planning/parts.ts'
import { planTraining } from '../../src/planning/plan.ts'

const tooManyValues = { name: 'piecewise_constant_decay', boundaries: [10], values: [1, 2, 3] }
const chain = (...layers: object[]): Definition => parseDefinition({ layers })
const dense = (units: number, activation?: string) => ({ type: 'Dense', units, ...(activation && { activation }) })
const softmax = (classes: number) => chain(dense(8, 'relu'), dense(classes, 'softmax'))

let iris: Table
let irisColumns: ColumnInfo[]
beforeAll(async () => {
  const read = await readTable(await readFile('examples/iris.csv'))
  iris = read.table
  irisColumns = read.columns
})
const planIris = (request: object, definition = softmax(3), seed?: number) =>
  planTraining({
    definition,
    table: iris,
    columns: irisColumns,
    request: { dataset: 'ds_1', target: 'species', ...request },
    ...(seed !== undefined && { seed }),
  })

async function planOf(columns: object, request: object, definition: Definition) {
  const { table } = await tableFromJson({ columns })
  return planTraining({
    definition,
    table,
    columns: describeColumns(table),
    request: { dataset: 'ds_1', target: 'y', ...request },
    seed: 1,
  })
}

const refused = (code: string, ...pointers: string[]) =>
  expect.objectContaining({ code, errors: pointers.map((pointer) => expect.objectContaining({ in: 'body', pointer })) })

describe('defaults', () => {
  test('every one is told back', () => {
    const { request, warnings } = planIris({}, softmax(3), 7)
    expect(request).toEqual({
      dataset: 'ds_1',
      features: ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'],
      target: 'species',
      preprocessing: {
        sepal_length: 'standardize',
        sepal_width: 'standardize',
        petal_length: 'standardize',
        petal_width: 'standardize',
      },
      missing_values: 'error',
      split: { train: 0.7, validation: 0.2, test: 0.1, stratify: true, shuffle: true },
      loss: { name: 'sparse_categorical_crossentropy', from_logits: false },
      class_weight: null,
      sample_weight: null,
      optimizer: resolveOptimizer('adam'),
      metrics: ['accuracy'],
      reduce_lr_on_plateau: null,
      epochs: 10,
      batch_size: 32,
      shuffle: true,
      seed: 7,
      device: 'auto',
      engine: 'onnxruntime',
    })
    expect(warnings).toEqual([])
  })

  test('C36: iris is split 35, 10, 5 of each species', () => {
    const { split } = planIris({})
    const species = (rows: Int32Array) => {
      const names = Array.from(rows, (row) => cellValue(columnNamed(iris, 'species'), row))
      return ['setosa', 'versicolor', 'virginica'].map((one) => names.filter((name) => name === one).length)
    }
    expect([split.train, split.validation, split.test].map(species)).toEqual([
      [35, 35, 35],
      [10, 10, 10],
      [5, 5, 5],
    ])
  })

  test('the batch is no larger than the training rows', async () => {
    const plan = await planOf({ x: [1, 2, 3, 4, 5], y: [1, 2, 3, 4, 5] }, { split: { train: 1 } }, chain(dense(1)))
    expect(plan.batchSize).toBe(5)
  })

  test('a seed is drawn where none is given, and told', () => {
    const [one, two] = [planIris({}).seed, planIris({}).seed]
    expect(one).not.toBe(two)
    expect(planIris({}).request.seed).toBeGreaterThanOrEqual(0)
  })

  test('columns with the role ignore are no features, one with the role target is the target', async () => {
    const { table } = await tableFromJson({ columns: { id: ['a', 'b', 'c'], x: [1, 2, 3], y: [1, 2, 3] } })
    const columns = describeColumns(table, { id: { role: 'ignore' }, y: { role: 'target' } })
    const { request } = planTraining({ definition: chain(dense(1)), table, columns, request: { dataset: 'ds_1' } })
    expect([request.features, request.target]).toEqual([['x'], 'y'])
  })

  test('shares left out: the first takes what the others leave', async () => {
    const sharesOf = async (split: object) =>
      (await planOf({ x: [1, 2, 3, 4], y: [1, 2, 3, 4] }, { split }, chain(dense(1)))).request.split
    expect(await sharesOf({ train: 0.5 })).toMatchObject({ train: 0.5, validation: 0.5, test: 0 })
    expect(await sharesOf({ train: 0.5, validation: 0.25 })).toMatchObject({ test: 0.25 })
    expect(await sharesOf({ train: 0.5, validation: 0.5 })).toMatchObject({ test: 0 })
    expect(await sharesOf({ validation: 0.2, test: 0.1 })).toMatchObject({ train: 0.7 })
  })
})

describe('the request told back gives the same plan', () => {
  test.each([
    ['as it comes', {}],
    [
      'with much said',
      {
        features: ['petal_width', 'sepal_length'],
        preprocessing: 'none',
        missing_values: { petal_width: 'mean' },
        split: { train: 0.5, test: 0.25 },
        loss: 'categorical_crossentropy',
        optimizer: { name: 'sgd', momentum: 0.9 },
        metrics: ['acc', 'mae'],
        shuffle: false,
      },
    ],
  ])('%s', (_, request) => {
    const first = planIris(request)
    const again = planIris(JSON.parse(JSON.stringify(first.request)))
    expect(again).toEqual(first)
  })

  test('with texts, booleans and missing values of every kind', async () => {
    const data = {
      n: [1, null, 3, 4, 5, 6],
      c: ['a', 'b', null, 'a', 'b', 'a'],
      b: [true, null, false, true, true, false],
      y: [0, 1, 0, 1, 0, 1],
    }
    const { table } = await tableFromJson({ columns: data })
    const planned = (request: object) =>
      planTraining({ definition: chain(dense(1, 'sigmoid')), table, columns: describeColumns(table), request })
    const first = planned({ dataset: 'ds_1', target: 'y', missing_values: 'median', split: { train: 1 } })
    expect(first.request.missing_values).toBe('median')
    expect(first.warnings).toMatchObject([{ code: 'policy_changed', pointer: '/missing_values' }])
    expect(first.encoders.map(({ missing }) => [missing.policy, missing.fill])).toEqual([
      ['median', 4],
      ['most_frequent', 'a'],
      ['most_frequent', true],
    ])
    expect(planned(first.request)).toEqual(first)
    const second = planned({
      dataset: 'ds_1',
      target: 'y',
      split: { train: 1 },
      missing_values: { n: { name: 'constant', value: -1 }, c: 'constant', b: 'drop' },
    })
    expect(second.request.missing_values).toEqual({
      n: { name: 'constant', value: -1 },
      c: 'constant',
      b: 'drop',
      y: 'error',
    })
    expect(planned(second.request)).toEqual(second)
  })
})

describe('C38: seed and order', () => {
  const sorted = { x: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], y: 'aaaabbbbcccc'.split('') }
  const planned = (request: object) =>
    planOf(sorted, { split: { train: 2 / 3, validation: 1 / 3 }, ...request }, softmax(3))

  test('the same seed gives the same rows, another seed others', async () => {
    const [one, again, other] = [await planned({ seed: 1 }), await planned({ seed: 1 }), await planned({ seed: 2 })]
    expect(again.split).toEqual(one.split)
    expect(other.split.train).not.toEqual(one.split.train)
  })

  test('the classes do not depend on the split', async () => {
    const plans = [await planned({ seed: 1 }), await planned({ seed: 2 }), await planned({ shuffle: false })]
    for (const { target } of plans) expect(target).toMatchObject({ labels: ['a', 'b', 'c'] })
  })

  test('in the order of the rows when asked, with a warning about the class that training never sees', async () => {
    const { split, warnings } = await planned({ shuffle: false })
    expect([...split.train]).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(warnings[0]?.detail).toContain('class "c" (4 rows) is not in train')
  })
})

describe('targets and losses', () => {
  test.each([
    ['numbers', [1.5, 2, 3, 4], [dense(1)], 'regression', { name: 'mean_squared_error' }, ['mean_absolute_error']],
    [
      'texts and softmax',
      ['a', 'b', 'c', 'a'],
      [dense(3, 'softmax')],
      'multiclass',
      { name: 'sparse_categorical_crossentropy', from_logits: false },
      ['accuracy'],
    ],
    [
      'texts and logits',
      ['a', 'b', 'c', 'a'],
      [dense(3)],
      'multiclass',
      { name: 'sparse_categorical_crossentropy', from_logits: true },
      ['accuracy'],
    ],
    [
      'two texts and a sigmoid',
      ['a', 'b', 'b', 'a'],
      [dense(1, 'sigmoid')],
      'binary',
      { name: 'binary_crossentropy', from_logits: false },
      ['accuracy'],
    ],
    [
      'two texts and a softmax',
      ['a', 'b', 'b', 'a'],
      [dense(2, 'softmax')],
      'binary',
      { name: 'sparse_categorical_crossentropy', from_logits: false },
      ['accuracy'],
    ],
    [
      'booleans and one logit',
      [true, false, true, false],
      [dense(1)],
      'binary',
      { name: 'binary_crossentropy', from_logits: true },
      ['accuracy'],
    ],
    [
      'whole numbers and softmax',
      [3, 1, 2, 1],
      [dense(3, 'softmax')],
      'multiclass',
      { name: 'sparse_categorical_crossentropy', from_logits: false },
      ['accuracy'],
    ],
    [
      'zeros and ones and a sigmoid',
      [0, 1, 1, 0],
      [dense(1, 'sigmoid')],
      'binary',
      { name: 'binary_crossentropy', from_logits: false },
      ['accuracy'],
    ],
    [
      'numbers between, and a sigmoid',
      [0, 0.5, 1, 0.2],
      [dense(1, 'sigmoid')],
      'regression',
      { name: 'mean_squared_error' },
      ['mean_absolute_error'],
    ],
  ])('%s', async (_, y, layers, kind, loss, metrics) => {
    const plan = await planOf({ x: [1, 2, 3, 4], y }, { split: { train: 1 } }, chain(...layers))
    expect(plan.target.kind).toBe(kind)
    expect(plan.request.loss).toMatchObject(loss)
    expect(plan.request.metrics).toEqual(metrics)
  })

  test('a column of whole numbers with a loss for classes has labels as written', async () => {
    const plan = await planOf(
      { x: [1, 2, 3, 4], y: [10, 9, 10, 7] },
      { loss: 'sparse_categorical_crossentropy' },
      softmax(3),
    )
    expect(plan.target).toMatchObject({ labels: ['7', '9', '10'], fromLogits: false })
  })

  test('logits are kept in mind for serving', async () => {
    const loss = { name: 'sparse_categorical_crossentropy', from_logits: true }
    const plan = await planOf({ x: [1, 2, 3, 4], y: ['a', 'b', 'a', 'b'] }, { loss }, chain(dense(2)))
    expect(plan.target).toMatchObject({ fromLogits: true })
  })

  test.each([
    [
      'C14: softmax told to be logits',
      ['a', 'b', 'c', 'a'],
      [dense(3, 'softmax')],
      { name: 'sparse_categorical_crossentropy', from_logits: true },
      'from_logits is true',
    ],
    [
      'C14: logits told to be probabilities',
      ['a', 'b', 'c', 'a'],
      [dense(3)],
      'sparse_categorical_crossentropy',
      '"from_logits": true',
    ],
    [
      'C14: a sigmoid told to be a logit',
      ['a', 'b', 'b', 'a'],
      [dense(1, 'sigmoid')],
      { name: 'binary_crossentropy', from_logits: true },
      'from_logits is true',
    ],
    [
      'C14: a logit told to be a probability',
      ['a', 'b', 'b', 'a'],
      [dense(1)],
      'binary_crossentropy',
      '"activation": "sigmoid"',
    ],
    ['numbers for classes', ['a', 'b', 'c', 'a'], [dense(3, 'softmax')], 'mean_squared_error', 'has 3 classes'],
    [
      'fewer units than classes',
      ['a', 'b', 'c', 'a'],
      [dense(2, 'softmax')],
      'sparse_categorical_crossentropy',
      'has 3 classes, but the output has 2 units',
    ],
    ['one unit for three classes', ['a', 'b', 'c', 'a'], [dense(1, 'sigmoid')], 'binary_crossentropy', 'has 3'],
    ['several units for one number', [1, 2, 3, 4], [dense(4)], 'mean_squared_error', 'the output has 4 units'],
  ])('%s', async (_, y, layers, loss, words) => {
    const planned = planOf({ x: [1, 2, 3, 4], y }, { loss, split: { train: 1 } }, chain(...layers))
    await expect(planned).rejects.toEqual(refused('loss_mismatch', '/loss'))
    await expect(planned).rejects.toThrow(words)
  })

  test('units that do not fit the classes, without a loss in the request, point at the target', async () => {
    const planned = planOf({ x: [1, 2, 3, 4], y: ['a', 'b', 'c', 'a'] }, {}, softmax(4))
    await expect(planned).rejects.toEqual(refused('loss_mismatch', '/target'))
    await expect(planned).rejects.toThrow('has 3 classes, but the output has 4 units')
  })
})

describe('faults', () => {
  test.each([
    [
      'a column that is not there',
      { features: ['sepal_length', 'sepal_width', 'petals'] },
      'unknown_column',
      ['/features/2'],
    ],
    [
      'several of them',
      { features: ['a', 'sepal_width', 'b'], target: 'kind' },
      'unknown_column',
      ['/target', '/features/0', '/features/2'],
    ],
    ['the target among the features', { features: ['species', 'sepal_width'] }, 'invalid_training', ['/features/0']],
    ['a feature named twice', { features: ['sepal_width', 'sepal_width'] }, 'invalid_training', ['/features/1']],
    [
      'preprocessing of a column that is no feature',
      { features: ['sepal_width'], preprocessing: { sepal_length: 'none' } },
      'unknown_column',
      ['/preprocessing/sepal_length'],
    ],
    [
      'preprocessing that a type does not have',
      { preprocessing: { sepal_width: 'one_hot' } },
      'invalid_training',
      ['/preprocessing/sepal_width'],
    ],
    [
      'a target to be filled in',
      { missing_values: { species: 'most_frequent' } },
      'invalid_training',
      ['/missing_values/species'],
    ],
    [
      'a constant of another type',
      { missing_values: { sepal_width: { name: 'constant', value: 'none' } } },
      'invalid_training',
      ['/missing_values/sepal_width/value'],
    ],
    ['a misspelt key', { epoch: 3 }, 'invalid_training', ['/epoch']],
    [
      'several misspelt and wrong keys',
      { epochs: 0, bath_size: 2, batch_size: '8' },
      'invalid_training',
      ['/bath_size', '/epochs', '/batch_size'],
    ],
    ['an unknown word', { preprocessing: 'normalise' }, 'invalid_training', ['/preprocessing']],
    [
      'an unknown policy for a column',
      { missing_values: { sepal_width: 'guess' } },
      'invalid_training',
      ['/missing_values/sepal_width'],
    ],
    ['an unknown key of split', { split: { training: 1 } }, 'invalid_training', ['/split/training']],
    ['an unknown loss', { loss: 'hinge_of_doom' }, 'invalid_training', ['/loss']],
    [
      'an unknown argument of an optimizer',
      { optimizer: { name: 'adam', lr: 1 } },
      'invalid_training',
      ['/optimizer/lr'],
    ],
    ['an unknown metric', { metrics: ['accuracy', 'luck'] }, 'invalid_training', ['/metrics/1']],
    ['a metric named twice', { metrics: ['accuracy', 'accuracy'] }, 'invalid_training', ['/metrics/1']],
    ['another engine', { engine: 'abacus' }, 'invalid_training', ['/engine']],
    ['zero epochs', { epochs: 0 }, 'invalid_training', ['/epochs']],
    ['a batch larger than the training rows', { batch_size: 106 }, 'invalid_training', ['/batch_size']],
    [
      'two ways of clipping',
      { optimizer: { name: 'sgd', clipnorm: 1, clipvalue: 1 } },
      'invalid_training',
      ['/optimizer'],
    ],
    [
      'a schedule with a value too many',
      { optimizer: { name: 'sgd', learning_rate: tooManyValues } },
      'invalid_training',
      ['/optimizer/learning_rate/values'],
    ],
    [
      'a plateau of what is not measured',
      { reduce_lr_on_plateau: { monitor: 'val_auc' } },
      'invalid_training',
      ['/reduce_lr_on_plateau/monitor'],
    ],
    [
      'a plateau that raises the rate',
      { reduce_lr_on_plateau: { factor: 1 } },
      'invalid_training',
      ['/reduce_lr_on_plateau/factor'],
    ],
    [
      'shares that do not add up to one',
      { split: { train: 0.7, validation: 0.2, test: 0.2 } },
      'invalid_split',
      ['/split'],
    ],
    ['no share for training', { split: { train: 0, validation: 0.5, test: 0.5 } }, 'invalid_split', ['/split/train']],
  ])('%s', (_, request, code, pointers) => {
    expect(() => planIris(request)).toThrow(refused(code, ...pointers))
  })

  test('a batch as large as the training rows is fine', () => {
    expect(planIris({ batch_size: 105 }).batchSize).toBe(105)
  })

  test('an input of another width names both', () => {
    const definition = chain({ type: 'Input', shape: [5] }, dense(3, 'softmax'))
    expect(() => planIris({}, definition)).toThrow(refused('shape_mismatch', '/features'))
    expect(() => planIris({}, definition)).toThrow("the 4 features make 4 numbers, the model's input has shape [5]")
  })

  test('a text that is to be fed as it is', async () => {
    const planned = planOf({ x: [1, 2], c: ['a', 'b'], y: [1, 2] }, { preprocessing: 'none' }, chain(dense(1)))
    await expect(planned).rejects.toEqual(refused('invalid_training', '/preprocessing'))
  })

  test('missing values, by column and rows', async () => {
    const planned = planOf({ x: [1, null, 3], y: [1, 2, null] }, {}, chain(dense(1)))
    await expect(planned).rejects.toEqual(refused('missing_values', '/missing_values/x', '/missing_values/y'))
  })

  test('nothing left after dropping', async () => {
    const planned = planOf({ x: [1, null], y: [null, 2] }, { missing_values: 'drop' }, chain(dense(1)))
    await expect(planned).rejects.toEqual(refused('missing_values', '/missing_values'))
  })

  test('one class only', async () => {
    const planned = planOf({ x: [1, 2], y: ['a', 'a'] }, {}, softmax(2))
    await expect(planned).rejects.toEqual(refused('invalid_target', '/target'))
  })

  test('numbers to be stratified', async () => {
    const planned = planOf({ x: [1, 2], y: [1, 2] }, { split: { stratify: true } }, chain(dense(1)))
    await expect(planned).rejects.toEqual(refused('invalid_split', '/split/stratify'))
  })

  test('accuracy of numbers', async () => {
    const planned = planOf({ x: [1, 2], y: [1, 2] }, { metrics: ['accuracy'] }, chain(dense(1)))
    await expect(planned).rejects.toEqual(refused('invalid_training', '/metrics/0'))
  })

  test('no target named anywhere', () => {
    expect(() => planIris({ target: undefined })).toThrow(refused('invalid_training', '/target'))
  })
})

test('C36: a class of one row stays in training, with a warning', async () => {
  const plan = await planOf(
    { x: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], y: 'aaaaaabbbc'.split('') },
    { split: { train: 0.6, validation: 0.2, test: 0.2 } },
    softmax(3),
  )
  expect([...plan.split.train]).toContain(9)
  expect(plan.warnings[0]?.detail).toContain('class "c" (1 row)')
  expect(plan.target).toMatchObject({ labels: ['a', 'b', 'c'] })
})

test('an input of several axes takes the features in row-major order', () => {
  const definition = chain({ type: 'Input', shape: [2, 2] }, { type: 'Flatten' }, dense(3, 'softmax'))
  const plan = planIris({}, definition)
  expect(plan.inputShape).toEqual([2, 2])
  expect(encodePart(plan, iris, 'test').x.dims).toEqual([15, 2, 2])
})

describe('encoded parts', () => {
  const data = { x: [1, 2, 3, 4], c: ['u', 'v', 'u', 'v'], y: ['no', 'yes', 'no', 'yes'] }
  const order = {
    split: { train: 0.5, validation: 0.5 },
    shuffle: false,
    preprocessing: 'none' as const,
    features: ['x'],
  }

  test('class indices for sparse crossentropy', async () => {
    const { table } = await tableFromJson({ columns: data })
    const plan = await planOf(data, order, softmax(2))
    expect(encodePart(plan, table, 'train')).toEqual({
      rows: 2,
      weights: null,
      x: { type: 'float32', dims: [2, 1], data: Float32Array.of(1, 2) },
      y: { type: 'int32', dims: [2], data: Int32Array.of(0, 1) },
    })
  })

  test('rows with a 1 for categorical crossentropy', async () => {
    const { table } = await tableFromJson({ columns: data })
    const plan = await planOf(data, { ...order, loss: 'categorical_crossentropy' }, softmax(2))
    expect(encodePart(plan, table, 'validation').y).toEqual({
      type: 'float32',
      dims: [2, 2],
      data: Float32Array.of(1, 0, 0, 1),
    })
  })

  test('0 and 1 for binary crossentropy, numbers for squares', async () => {
    const { table } = await tableFromJson({ columns: { ...data, z: [0.5, 1.5, 2.5, 3.5] } })
    const binary = await planOf(data, order, chain(dense(1, 'sigmoid')))
    expect(encodePart(binary, table, 'train').y).toEqual({ type: 'float32', dims: [2, 1], data: Float32Array.of(0, 1) })
    const numbers = await planOf({ ...data, z: [0.5, 1.5, 2.5, 3.5] }, { ...order, target: 'z' }, chain(dense(1)))
    expect(encodePart(numbers, table, 'validation').y).toEqual({
      type: 'float32',
      dims: [2, 1],
      data: Float32Array.of(2.5, 3.5),
    })
  })

  test('a part without rows', async () => {
    const { table } = await tableFromJson({ columns: data })
    const plan = await planOf(data, order, softmax(2))
    expect(encodePart(plan, table, 'test')).toMatchObject({ rows: 0, x: { dims: [0, 1] }, y: { dims: [0] } })
  })
})

test('a column of names is told', async () => {
  const id = Array.from({ length: 30 }, (_, i) => `person ${i}`)
  const y = id.map((_, i) => i)
  const { warnings } = await planOf({ id, y }, { split: { train: 1 } }, chain(dense(1)))
  expect(warnings).toMatchObject([{ code: 'many_categories', pointer: '/features' }])
})

test('a text column too rich to be encoded is refused', async () => {
  const id = Array.from({ length: 10_001 }, (_, i) => `person ${i}`)
  const planned = planOf(
    { id, x: id.map((_, i) => i), y: id.map((_, i) => i) },
    { features: ['x', 'id'] },
    chain(dense(1)),
  )
  await expect(planned).rejects.toEqual(refused('invalid_training', '/features/1'))
})
