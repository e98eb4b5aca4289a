/** Keras' own JSON as definitions: models that Keras wrote (make_json.py), the case C66, and what cannot be read. */
import { describe, expect, test } from 'vitest'
import { Problem } from '../../../src/errors.ts'
import { parseKerasJson, readKerasJson } from '../../../src/nn/keras-json/read-model.ts'
import { callModel } from '../../../src/nn/lower.ts'
import { buildModel, weightsOf } from '../../../src/nn/model.ts'
import { nameLayers } from '../../../src/nn/names.ts'
import { summarize } from '../../../src/nn/summary.ts'
import { createBuilder } from '../../../src/onnx/builder.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import type { Real } from '../../../src/onnx/value.ts'
import { allclose } from '../../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../../support/graph.ts'
import { kerasFixture } from '../../support/keras.ts'

interface Written {
  readonly json: unknown
  readonly parameters: number
  readonly trainable: number
  /** In the order of the layers. */
  readonly weights: readonly number[][]
  /** Of two samples, one list per input and output. */
  readonly x: readonly number[][]
  readonly y: readonly number[][]
}

const written = Object.entries(kerasFixture<Record<string, Written>>('keras-json.json'))

test.each(written)('%s has the parameters that Keras counts', (_name, { json, parameters, trainable }) => {
  const summary = summarize(buildModel(parseKerasJson(json)))
  expect(summary.total_parameters).toBe(parameters)
  expect(summary.trainable_parameters).toBe(trainable)
})

test.each(written)('%s makes of two samples what Keras makes of them', async (_name, { json, weights, x, y }) => {
  const definition = parseKerasJson(json)
  const model = buildModel(definition)
  const names = nameLayers(definition.layers)
  const inOrder = names.flatMap((name) => {
    const layer = model.layers.find((built) => built.name === name && built.shares === null)
    return layer ? weightsOf(layer) : []
  })
  const op = createBuilder(newGraph())
  const values = Object.fromEntries(
    inOrder.map(({ name, shape }, i) => [name, op.constant(tensorOf('float32', weights[i] ?? [], shape))]),
  )
  const feeds = Object.fromEntries(
    model.inputs.map(({ name, shape }, i) => [name, tensorOf('float32', x[i] ?? [], [2, ...shape])]),
  )
  const inputs = model.inputs.map(({ name, shape }): Real => op.graph.input(name, 'float32', ['batch', ...shape]))
  const called = callModel(op, model, inputs, values, { training: false, uniform: (like) => like })
  const outputs = called.outputs.map((output) => op.Identity(output))
  for (const output of outputs) op.graph.output(output)
  const results = await runGraph(op.graph, feeds)
  for (const [i, { name }] of outputs.entries()) {
    allclose(numbers(results[name]), y[i] ?? [], { relative: 2e-5, absolute: 2e-5 })
  }
})

describe('C66', () => {
  test.each([
    ['C66_keras3.json', 216, { emb: 40, bi: 162, out: 14 }],
    ['C66_keras2.json', 198, { emb: 40, bi: 144, out: 14 }],
    ['C66_keras3_shared.json', 20, { a: 0, d: 20, s: 0 }],
  ])('%s has %d parameters', (file, total, layers) => {
    const summary = summarize(buildModel(parseKerasJson(kerasFixture(file))))
    expect(summary.total_parameters).toBe(total)
    expect(Object.fromEntries(summary.layers.map(({ name, parameters }) => [name, parameters]))).toEqual(layers)
  })

  test('the layer called three times is one layer and two further calls', () => {
    const { layers, inputs, outputs } = parseKerasJson(kerasFixture('C66_keras3_shared.json'))
    expect(layers).toMatchObject([
      { type: 'Input', name: 'a', shape: [4] },
      { type: 'Dense', name: 'd', inputs: ['a'] },
      { type: 'Shared', of: 'd', name: 'd_call_1', inputs: ['a'] },
      { type: 'Shared', of: 'd', name: 'd_call_2', inputs: ['d_call_1'] },
      { type: 'Add', name: 's', inputs: ['d', 'd_call_2'] },
    ])
    expect({ inputs, outputs }).toEqual({ inputs: ['a'], outputs: ['s'] })
  })
})

const sequential = (...layers: object[]) => ({ class_name: 'Sequential', config: { name: 'm', layers } })
const input = { class_name: 'InputLayer', config: { batch_shape: [null, 3], name: 'x' } }
const dense = (config: object) => ({ class_name: 'Dense', config: { units: 2, ...config } })

const functional = (node: unknown, more: object = {}) => ({
  class_name: 'Functional',
  config: {
    layers: [
      { ...input, name: 'x', inbound_nodes: [] },
      { ...dense({ name: 'd' }), name: 'd', inbound_nodes: [node] },
    ] as object[],
    input_layers: [['x', 0, 0]],
    output_layers: [['d', 0, 0]],
    ...more,
  },
})
const tensor = (...history: unknown[]) => ({ class_name: '__keras_tensor__', config: { keras_history: history } })
const x = tensor('x', 0, 0)

const inner = sequential(input, dense({ name: 'd', units: 3 }))
const twice = {
  class_name: 'Functional',
  config: {
    layers: [
      { ...input, name: 'x', inbound_nodes: [] },
      { ...inner, name: 'm', inbound_nodes: [{ args: [x] }, { args: [tensor('m', 0, 0)] }] },
    ],
    input_layers: ['x', 0, 0],
    output_layers: ['m', 1, 0],
  },
}

describe('what Keras says otherwise', () => {
  test('arguments arrive under their names here', () => {
    const json = sequential(
      input,
      dense({
        kernel_initializer: { class_name: 'TruncatedNormal', config: { mean: 0, stddev: 0.1, seed: null } },
        kernel_regularizer: { class_name: 'L1L2', config: { l1: 0.1, l2: 0.2 } },
        kernel_constraint: { class_name: 'MinMaxNorm', config: { min_value: 0, max_value: 1, rate: 1, axis: 0 } },
        bias_initializer: 'Zeros',
        dtype: { class_name: 'DTypePolicy', config: { name: 'float32' } },
      }),
    )
    expect(parseKerasJson(json).layers[1]).toMatchObject({
      kernel_initializer: { name: 'truncated_normal', mean: 0, stddev: 0.1, seed: null },
      kernel_regularizer: { name: 'l1_l2', l1: 0.1, l2: 0.2 },
      kernel_constraint: { name: 'min_max_norm', min_value: 0, max_value: 1, rate: 1, axis: 0 },
      bias_initializer: 'zeros',
    })
  })

  test('an open axis is left to the data', () => {
    const open = { class_name: 'InputLayer', config: { batch_shape: [null, null], name: 'x' } }
    expect(parseKerasJson(sequential(open, dense({}))).layers[0]).toMatchObject({ type: 'Input', shape: [null] })
  })

  test('the input of a first layer, as Keras 2 tells it', () => {
    expect(parseKerasJson(sequential(dense({ batch_input_shape: [null, 3] }))).layers[0]).toMatchObject({ shape: [3] })
  })

  test('what Keras 2 writes for convolutions in two parts and for a normalization', () => {
    const image = { batch_input_shape: [null, 5, 5, 3] }
    const part = { class_name: 'GlorotUniform', config: { seed: null } }
    const depthwise = {
      kernel_size: [3, 3],
      groups: 1,
      kernel_initializer: part,
      depthwise_initializer: part,
      ...image,
    }
    const json = sequential(
      { class_name: 'DepthwiseConv2D', config: depthwise },
      { class_name: 'BatchNormalization', config: { axis: [3], fused: true, renorm: false } },
    )
    const model = buildModel(parseKerasJson(json))
    expect(model.outputs[0]?.shape).toEqual([3, 3, 3])
    expect(model.layers.at(-1)?.config).toMatchObject({ axis: 3 })
  })

  test.each([
    ['Add', [x, 3], { scale: 1, offset: 3 }],
    ['Subtract', [x, 3], { scale: 1, offset: -3 }],
    ['Subtract', [3, x], { scale: -1, offset: 3 }],
    ['Multiply', [3, x], { scale: 3, offset: 0 }],
    ['TrueDivide', [x, 4], { scale: 0.25, offset: 0 }],
  ])('the operator %s of %j', (class_name, args, rescaling) => {
    const json = functional({ args: [x] }, { output_layers: ['o', 0, 0] })
    const operator = {
      module: 'keras.src.ops.numpy',
      class_name,
      name: 'o',
      config: { name: 'o' },
      inbound_nodes: [{ args }],
    }
    json.config.layers.push(operator)
    expect(parseKerasJson(json).layers[2]).toMatchObject({ type: 'Rescaling', name: 'o', inputs: ['x'], ...rescaling })
  })

  test('the slope of a LeakyReLU of Keras 2', () => {
    const leaky = { class_name: 'LeakyReLU', config: { alpha: 0.25 } }
    expect(parseKerasJson(sequential(input, leaky)).layers[1]).toMatchObject({ negative_slope: 0.25 })
  })

  test('a model that is called again calls its layers again, with the same weights', () => {
    const { layers, outputs } = parseKerasJson(twice)
    expect(layers.slice(1)).toMatchObject([
      { type: 'Dense', name: 'm/d', inputs: ['x'] },
      { type: 'Shared', of: 'm/d', inputs: ['m/d'] },
    ])
    expect(outputs).toEqual([layers[2]?.name])
  })

  test.each([
    ['3', { args: [x] }, { args: [tensor('m', 0, 0)] }],
    ['2', [['x', 0, 0, {}]], [['m', 1, 0, {}]]],
  ])('Keras %s counts the calls of a model among the outputs from 1', (_version, one, two) => {
    const layers = [
      { ...input, name: 'x', inbound_nodes: [] },
      { ...functional({ args: [x] }), name: 'm', inbound_nodes: [one, two] },
    ]
    const read = parseKerasJson(functional(null, { layers, output_layers: [['m', 2, 0]] }))
    expect(read.outputs).toEqual(['m/d_call_1'])
    const first = parseKerasJson(functional(null, { layers, output_layers: [['m', 1, 0]] }))
    expect(first.outputs).toEqual(['m/d'])
  })

  test('calls of Keras 2 that take several tensors, and one by name', () => {
    const layer = (class_name: string, name: string, config: object, inbound_nodes: unknown) => ({
      class_name,
      name,
      config: { name, ...config },
      inbound_nodes,
    })
    const json = {
      class_name: 'Functional',
      config: {
        layers: [
          layer('InputLayer', 'q', { batch_input_shape: [null, 3, 4] }, []),
          layer('InputLayer', 'v', { batch_input_shape: [null, 5, 2] }, []),
          layer('MultiHeadAttention', 'a', { num_heads: 1, key_dim: 2 }, [[['q', 0, 0, { value: ['v', 0, 0] }]]]),
          layer('Concatenate', 'c', { axis: -1 }, [
            [
              ['a', 0, 0, {}],
              ['q', 0, 0, {}],
            ],
          ]),
        ],
        input_layers: [
          ['q', 0, 0],
          ['v', 0, 0],
        ],
        output_layers: [['c', 0, 0]],
      },
    }
    const definition = parseKerasJson(json)
    expect(definition.layers).toMatchObject([{}, {}, { inputs: ['q', 'v'] }, { inputs: ['a', 'q'] }])
    expect(buildModel(definition).outputs[0]?.shape).toEqual([3, 8])
  })
})

function problemOf(work: () => unknown): Problem {
  try {
    work()
  } catch (error) {
    if (error instanceof Problem) return error
  }
  throw new Error('no problem was thrown')
}

function mistakesIn(json: unknown): string[] {
  try {
    parseKerasJson(json)
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid_definition' })
    return (error as Problem).errors.map(({ pointer }) => pointer)
  }
  return []
}

describe('a mistake points into the Keras JSON', () => {
  test.each<[string, unknown, string[]]>([
    ['no object', [], ['']],
    ['no model', { class_name: 'Dense', config: {} }, ['/class_name']],
    ['no layers', { class_name: 'Sequential', config: {} }, ['/config/layers']],
    ['no layer', sequential(input, { class_name: 'Dense' }), ['/config/layers/1']],
    ['an unknown class', sequential(input, { class_name: 'Lambda', config: {} }), ['/config/layers/1/class_name']],
    [
      "somebody's own class of a known name",
      sequential(input, { ...dense({}), registered_name: 'mine>Dense' }),
      ['/config/layers/1/class_name'],
    ],
    ['a wrong argument', sequential(input, dense({ units: 0 })), ['/config/layers/1/config/units']],
    [
      'a class that every object has',
      sequential({ ...input, class_name: 'constructor' }),
      ['/config/layers/0/class_name'],
    ],
    [
      'an argument that every object has',
      sequential(input, dense({ constructor: 1 })),
      ['/config/layers/1/config/constructor'],
    ],
    ['an unknown argument', sequential(input, dense({ unit: 1 })), ['/config/layers/1/config/unit']],
    ['an argument with a slash', sequential(input, dense({ 'a/~b': 1 })), ['/config/layers/1/config/a~1~0b']],
    [
      'an argument with an effect that is not there',
      sequential({ class_name: 'GRU', config: { units: 2, stateful: true, batch_input_shape: [null, 2, 3] } }),
      ['/config/layers/0/config/stateful'],
    ],
    [
      'an unknown initializer',
      sequential(input, dense({ kernel_initializer: { class_name: 'Mine', config: {} } })),
      ['/config/layers/1/config/kernel_initializer/class_name'],
    ],
    [
      "an initializer's argument",
      sequential(input, dense({ kernel_initializer: { class_name: 'RandomNormal', config: { stddev: -1 } } })),
      ['/config/layers/1/config/kernel_initializer/config/stddev'],
    ],
    [
      "a wrapped layer's argument",
      sequential({
        class_name: 'TimeDistributed',
        config: { layer: dense({ units: -1 }), batch_input_shape: [null, 2, 3] },
      }),
      ['/config/layers/0/config/layer/config/units'],
    ],
    ['an unknown source', functional({ args: [tensor('y', 0, 0)] }), ['/config/layers/1/inbound_nodes/0']],
    ['a call that is none', functional(3), ['/config/layers/1']],
    ['a number that no operator takes', functional({ args: [x, 2] }), ['/config/layers/1/inbound_nodes/0']],
    [
      'an argument of a call',
      functional({ args: [x], kwargs: { training: true } }),
      ['/config/layers/1/inbound_nodes/0'],
    ],
    [
      'a wrong shape of an input',
      sequential({ ...input, config: { batch_shape: [null, 3, 0.5], name: 'x' } }, dense({})),
      ['/config/layers/0/config/batch_shape/2'],
    ],
    ['no outputs', functional({ args: [x] }, { output_layers: 3 }), ['/config/output_layers']],
    ['an unknown output', functional({ args: [x] }, { output_layers: ['z', 0, 0] }), ['/config/output_layers']],
  ])('%s', (_name, json, pointers) => {
    expect(mistakesIn(json)).toEqual(pointers)
  })

  test('an output that a layer does not have', () => {
    const { definition, locate } = readKerasJson(functional({ args: [tensor('x', 0, 5)] }))
    const found = problemOf(() => buildModel(definition))
    expect(locate(found).errors).toMatchObject([
      {
        pointer: '/config/layers/1/inbound_nodes/0',
        detail: expect.stringMatching(/layers\[1\]\.inputs\[0\].* the layer "x" has 1 output.* no output 5/),
      },
    ])
  })

  test('a shape that does not fit', () => {
    const conv = { class_name: 'Conv2D', config: { filters: 2, kernel_size: [3, 3] } }
    const { definition, locate } = readKerasJson(sequential(input, conv))
    const found = locate(problemOf(() => buildModel(definition)))
    expect(found).toMatchObject({ code: 'shape_mismatch', errors: [{ pointer: '/config/layers/1' }] })
  })
})

test('layers nested without end are refused and not followed', () => {
  let layer: object = dense({})
  for (let i = 0; i < 20_000; i++) layer = { class_name: 'TimeDistributed', config: { layer } }
  expect(mistakesIn(sequential(layer))).toHaveLength(1)
})
