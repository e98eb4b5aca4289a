/** What Keras writes of recurrent layers beside their arguments: initial states, cells, and the masks that layers hand on. */
import { describe, expect, test } from 'vitest'
import { Problem } from '../../../src/errors.ts'
import { parseKerasJson } from '../../../src/nn/keras-json/read-model.ts'
import { kerasFixture } from '../../support/keras.ts'

const input = (name: string, shape: readonly number[]) => ({
  class_name: 'InputLayer',
  name,
  config: { batch_input_shape: [null, ...shape], dtype: 'float32', sparse: false, name },
  inbound_nodes: [],
})

/** An encoder and a decoder as Keras 2 writes them; `nodes` are the decoder's calls. */
function keras2(nodes: unknown) {
  const lstm = (name: string, more: object, inbound_nodes: unknown) => ({
    class_name: 'LSTM',
    name,
    config: { name, units: 5, time_major: false, implementation: 2, stateful: false, unroll: false, ...more },
    inbound_nodes,
  })
  return {
    class_name: 'Functional',
    config: {
      name: 'model',
      layers: [
        input('source', [7, 2]),
        input('target', [4, 3]),
        lstm('encoder', { return_state: true }, [[['source', 0, 0, {}]]]),
        lstm('decoder', { return_sequences: true }, nodes),
      ],
      input_layers: [
        ['source', 0, 0],
        ['target', 0, 0],
      ],
      output_layers: [['decoder', 0, 0]],
    },
  }
}

const states = [
  ['encoder', 0, 1],
  ['encoder', 0, 2],
]

test.each([
  ['beside the sequence', [[['target', 0, 0, {}], ...states.map((state) => [...state, {}])]]],
  ['as an argument', [[['target', 0, 0, { initial_state: states }]]]],
])('initial states of Keras 2 %s', (_form, nodes) => {
  expect(parseKerasJson(keras2(nodes)).layers.at(-1)).toMatchObject({
    type: 'LSTM',
    inputs: ['target', { layer: 'encoder', output: 1 }, { layer: 'encoder', output: 2 }],
  })
})

/** The mistakes of a Keras JSON, as pointers and sentences. */
function mistakes(json: unknown): readonly { pointer: string; detail: string }[] {
  try {
    parseKerasJson(json)
  } catch (error) {
    if (error instanceof Problem) return error.errors
    throw error
  }
  return []
}

const rnn = (cell: object, more: object = {}) => ({
  class_name: 'Sequential',
  config: {
    name: 'model',
    layers: [
      { class_name: 'InputLayer', config: { batch_shape: [null, 4, 2], name: 'x' } },
      { class_name: 'RNN', config: { name: 'loop', return_sequences: true, cell, ...more } },
    ],
  },
})

describe('RNN', () => {
  const cell = { class_name: 'GRUCell', config: { name: 'cell', units: 3, reset_after: false } }

  test('around a cell of Keras is the layer of that cell', () => {
    expect(parseKerasJson(rnn(cell)).layers[1]).toMatchObject({
      type: 'GRU',
      name: 'loop',
      units: 3,
      reset_after: false,
      return_sequences: true,
    })
  })

  test('tells mistakes where they stand', () => {
    const wrong = { ...cell, config: { ...cell.config, units: 0 } }
    expect(mistakes(rnn(wrong))[0]?.pointer).toBe('/config/layers/1/config/cell/config/units')
    expect(mistakes(rnn(cell, { stateful: true }))[0]?.pointer).toBe('/config/layers/1/config/stateful')
  })

  test.each([
    [{ class_name: 'StackedRNNCells', config: { cells: [cell, cell] } }, /a recurrent layer for each cell/],
    [{ class_name: 'ConvLSTMCell', config: {} }, /is one of SimpleRNNCell, LSTMCell, GRUCell, received ConvLSTMCell/],
    [{}, /is a cell/],
  ])('around %j is refused at its cell', (other, sentence) => {
    expect(mistakes(rnn(other))).toEqual([
      { in: 'body', pointer: '/config/layers/1/config/cell', detail: expect.stringMatching(sentence) },
    ])
  })
})

describe('TimeDistributed around a model', () => {
  const dense = (name: string, units: unknown) => ({ class_name: 'Dense', config: { name, units } })
  const around = (layers: readonly object[]) => ({
    class_name: 'Sequential',
    config: {
      name: 'model',
      layers: [
        { class_name: 'InputLayer', config: { batch_shape: [null, 4, 2], name: 'x' } },
        {
          class_name: 'TimeDistributed',
          config: {
            name: 'steps',
            trainable: true,
            layer: { class_name: 'Sequential', config: { name: 'in', layers } },
          },
        },
      ],
    },
  })
  const start = { class_name: 'InputLayer', config: { batch_shape: [null, 2], name: 'step' } }

  test('is one around each of its layers', () => {
    expect(parseKerasJson(around([start, dense('a', 3), dense('b', 1)])).layers).toMatchObject([
      { type: 'Input', shape: [4, 2] },
      { type: 'TimeDistributed', name: 'a', layer: { type: 'Dense', units: 3 } },
      { type: 'TimeDistributed', name: 'b', layer: { type: 'Dense', units: 1 } },
    ])
  })

  test('tells mistakes where they stand in the model', () => {
    expect(mistakes(around([start, dense('a', 3), dense('b', 0)]))).toEqual([
      {
        in: 'body',
        pointer: '/config/layers/1/config/layer/config/layers/2/config/units',
        detail: expect.stringContaining('config.layers[1].config.layer.config.layers[2].config.units'),
      },
    ])
  })

  test('is refused where the model makes a mask of its own', () => {
    const words = { class_name: 'Embedding', config: { name: 'e', input_dim: 4, output_dim: 2, mask_zero: true } }
    expect(mistakes(around([words]))[0]?.pointer).toBe('/config/layers/1/config/layer/class_name')
  })
})

describe('a mask that Keras 3 wrote down', () => {
  type Layer = { class_name: string; config: Record<string, unknown>; inbound_nodes: { kwargs: object }[] }
  const graph = () =>
    structuredClone(kerasFixture<Record<string, { json: { config: { layers: Layer[] } } }>>('recurrent-graphs.json'))[
      'words, mean'
    ]?.json as { config: { layers: Layer[] } }

  test('is left out with its operators, since layers hand masks on', () => {
    expect(graph().config.layers.map(({ class_name }) => class_name)).toContain('NotEqual')
    expect(parseKerasJson(graph()).layers.map(({ type }) => type)).toEqual([
      'Input',
      'Embedding',
      'GlobalAveragePooling1D',
    ])
  })

  test('is refused where it is not the one that would be handed on', () => {
    const json = graph()
    const at = json.config.layers.findIndex(({ class_name }) => class_name === 'GlobalAveragePooling1D')
    for (const { class_name, config } of json.config.layers) if (class_name === 'Embedding') config.mask_zero = false
    expect(mistakes(json)).toEqual([
      {
        in: 'body',
        pointer: `/config/layers/${at}/inbound_nodes/0`,
        detail: expect.stringContaining('a mask is read where it is that of the first input'),
      },
    ])
  })
})
