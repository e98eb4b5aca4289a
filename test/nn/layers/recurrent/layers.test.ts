import { describe, expect, test } from 'vitest'
import { parseDefinition } from '../../../../src/nn/definition.ts'
import { callModel } from '../../../../src/nn/lower.ts'
import { buildModel } from '../../../../src/nn/model.ts'
import { summarize } from '../../../../src/nn/summary.ts'
import { initialWeights } from '../../../../src/nn/weights.ts'
import { createBuilder } from '../../../../src/onnx/builder.ts'
import type { Real } from '../../../../src/onnx/value.ts'
import { allclose } from '../../../support/allclose.ts'
import { modelOf, runModel, someNumbers } from '../../../support/check-layer.ts'
import { newGraph, numbers } from '../../../support/graph.ts'

const parametersOf = (layer: object) => summarize(modelOf([layer], [10, 64])).total_parameters

describe('case C07, parameters of GRU(64) on 64 features', () => {
  test('reset_after has a second bias', () => {
    expect(parametersOf({ type: 'GRU', units: 64 })).toBe(24960)
  })

  test('without reset_after', () => {
    expect(parametersOf({ type: 'GRU', units: 64, reset_after: false })).toBe(24768)
  })
})

test('the book network of a bidirectional LSTM has 586,369 parameters', () => {
  const layers = [
    { type: 'Embedding', input_dim: 8000, output_dim: 64 },
    { type: 'Bidirectional', layer: { type: 'LSTM', units: 64 } },
    { type: 'Dense', units: 64, activation: 'relu' },
    { type: 'Dense', units: 1 },
  ]
  const summary = summarize(modelOf(layers, [100]))
  expect(summary.layers.map(({ parameters }) => parameters)).toEqual([512000, 66048, 8256, 65])
  expect(summary.total_parameters).toBe(586369)
})

describe('the bias of an LSTM starts', () => {
  const biasOf = (more: object) =>
    initialWeights(modelOf([{ type: 'LSTM', units: 2, name: 'cell', ...more }], [1, 1]), 1).get('cell/bias')

  test('with 1 at the forget gate', () => {
    expect([...(biasOf({}) ?? [])]).toEqual([0, 0, 1, 1, 0, 0, 0, 0])
  })

  test('with the number of bias_initializer elsewhere', () => {
    expect([...(biasOf({ bias_initializer: { name: 'constant', value: 0.5 } }) ?? [])]).toEqual([
      0.5, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.5,
    ])
  })

  test('as bias_initializer says without unit_forget_bias', () => {
    expect([...(biasOf({ unit_forget_bias: false }) ?? [])]).toEqual(new Array(8).fill(0))
  })
})

describe('dropout', () => {
  /** h' = x + h on the inputs 1 and 1, while training, where `uniform` gives `draw`. */
  async function last(rates: object, draw: number): Promise<number> {
    const cell = { type: 'SimpleRNN', units: 1, activation: 'linear', use_bias: false, name: 'cell' }
    const weights = new Map([
      ['cell/kernel', [1]],
      ['cell/recurrent_kernel', [1]],
    ])
    const { y } = await runModel(modelOf([{ ...cell, ...rates }], [2, 1]), [1, 1], weights, {
      training: true,
      draws: [draw],
    })
    return numbers(y)[0] ?? Number.NaN
  }

  test('keeps an input at all steps, scaled, or at none', async () => {
    expect([await last({ dropout: 0.5 }, 0.6), await last({ dropout: 0.5 }, 0.4)]).toEqual([4, 0])
  })

  test('keeps the state as the products see it at all steps, scaled, or at none', async () => {
    const rates = { recurrent_dropout: 0.5 }
    expect([await last(rates, 0.6), await last(rates, 0.4)]).toEqual([3, 1])
  })
})

describe('each gate drops apart where there is a recurrent dropout, as in Keras', () => {
  const rates = { dropout: 0.5, recurrent_dropout: 0.5 }

  test.each([
    [{ type: 'LSTM', ...rates }, 8],
    [{ type: 'GRU', ...rates }, 6],
    [{ type: 'SimpleRNN', ...rates }, 2],
    [{ type: 'LSTM', dropout: 0.5 }, 1],
    [{ type: 'GRU', recurrent_dropout: 0.5 }, 3],
    [{ type: 'LSTM', dropout: 1, recurrent_dropout: 1 }, 0],
    [{ type: 'SimpleRNN', dropout: 1, recurrent_dropout: 1 }, 2],
  ])('%j draws %i masks', (layer, count) => {
    const model = modelOf([{ ...layer, units: 3, seed: 5 }], [4, 2])
    const op = createBuilder(newGraph())
    const purposes: string[] = []
    const weights = Object.fromEntries(
      model.weights.map(({ name, shape }) => [name, op.graph.input(name, 'float32', shape) as Real]),
    )
    const uniform = (like: Real, purpose: string) => {
      purposes.push(purpose)
      return like
    }
    callModel(op, model, [op.graph.input('x', 'float32', ['batch', 4, 2])], weights, { training: true, uniform })
    expect(new Set(purposes).size).toBe(count)
    expect(purposes.every((purpose) => purpose.startsWith('seed 5 '))).toBe(true)
  })

  test.each([
    { type: 'LSTM' },
    { type: 'GRU' },
    { type: 'GRU', reset_after: false },
    { type: 'LSTM', use_bias: false },
  ])('%j: masks that keep everything double what comes in', async (layer) => {
    const [kept, plain] = [
      modelOf([{ ...layer, ...rates, units: 2, name: 'cell' }], [4, 2]),
      modelOf([{ ...layer, units: 2, name: 'cell' }], [4, 2]),
    ]
    const weights = initialWeights(plain, 3)
    const twice = (name: string, values: ArrayLike<number>) =>
      name.endsWith('kernel') ? Array.from(values, (value) => 2 * value) : values
    const doubled = new Map([...weights].map(([name, values]) => [name, twice(name, values)]))
    const x = someNumbers(3 * 4 * 2, 'x')
    const [dropped, expected] = [
      await runModel(kept, x, weights, { training: true, draws: new Array(6).fill(0.9) }),
      await runModel(plain, x, doubled),
    ]
    allclose(numbers(dropped.y), numbers(expected.y), { relative: 1e-5, absolute: 1e-6 })
  })
})

describe('a layer that is kept inside of a wrapper', () => {
  const kept = { type: 'LSTM', units: 2, trainable: false }

  test.each([
    [{ type: 'Bidirectional', layer: kept }, 0],
    [
      { type: 'Bidirectional', layer: { ...kept, trainable: true }, backward_layer: { ...kept, go_backwards: true } },
      40,
    ],
    [{ type: 'TimeDistributed', layer: { type: 'Dense', units: 2, trainable: false } }, 0],
    [
      {
        type: 'TimeDistributed',
        layer: { type: 'TimeDistributed', layer: { type: 'Dense', units: 2 } },
        trainable: false,
      },
      0,
    ],
  ] as const)('%j trains %i parameters', (layer, trainable) => {
    const shape = 'layer' in layer && layer.layer.type === 'TimeDistributed' ? [4, 3, 2] : [4, 2]
    const summary = summarize(modelOf([layer], shape))
    expect(summary.trainable_parameters).toBe(trainable)
    expect(summary.trainable_parameters + summary.non_trainable_parameters).toBe(summary.total_parameters)
  })
})

describe('initial states that do not fit are told with the layer', () => {
  const inputs = [
    { type: 'Input', name: 'x', shape: [4, 2] },
    { type: 'Input', name: 'h', shape: [3] },
    { type: 'Input', name: 'wide', shape: [4] },
  ]

  test.each([
    [{ type: 'LSTM', units: 3 }, ['x', 'h'], 'initial states [batch, 3] and [batch, 3]', '/layers/3'],
    [
      { type: 'LSTM', units: 3 },
      ['x', 'h', 'wide'],
      'received [batch, 4, 2] and [batch, 3] and [batch, 4]',
      '/layers/3',
    ],
    [{ type: 'GRU', units: 3 }, ['x', 'x'], 'initial states [batch, 3]', '/layers/3'],
    [{ type: 'GRU', units: 3 }, ['x', 'h', 'h'], 'takes 1 to 2 inputs, received 3', '/layers/3/inputs'],
    [
      { type: 'Bidirectional', layer: { type: 'GRU', units: 3 } },
      ['x', 'h'],
      'initial states [batch, 3] and [batch, 3]',
      '/layers/3',
    ],
  ])('%j of %j', (layer, sources, message, pointer) => {
    const definition = parseDefinition({ layers: [...inputs, { ...layer, inputs: sources }] })
    const problem = problemOf(() => buildModel(definition))
    expect(problem.detail).toContain(message)
    expect(problem.errors[0]?.pointer).toBe(pointer)
  })
})

test.each([
  { type: 'LSTM', stateful: true },
  { type: 'GRU', time_major: true },
  { type: 'SimpleRNN', reset_after: true },
])('%j is refused at its argument', ({ type, ...argument }) => {
  const problem = problemOf(() => parseDefinition({ layers: [{ type, units: 2, ...argument }] }))
  expect(problem.errors[0]?.pointer).toBe(`/layers/0/${Object.keys(argument)[0]}`)
})

test('unroll changes nothing', () => {
  expect(modelOf([{ type: 'LSTM', units: 2, unroll: true }], [4, 2]).weights).toHaveLength(3)
})

function problemOf(run: () => unknown): { detail: string; errors: { pointer: string }[] } {
  try {
    run()
  } catch (error) {
    return error as ReturnType<typeof problemOf>
  }
  throw new Error('nothing was refused')
}

describe('what does not fit is told', () => {
  test.each([
    [{ type: 'LSTM', units: 2 }, [4], 'samples of shape [time, features]'],
    [{ type: 'LSTM', units: 2, bias_initializer: 'glorot_normal' }, [4, 1], 'unit_forget_bias to be false'],
    [{ type: 'Masking' }, [4], 'samples of shape [time, features]'],
    [{ type: 'TimeDistributed', layer: { type: 'Dense', units: 2 } }, [4], 'samples of shape [time, …]'],
    [
      { type: 'TimeDistributed', layer: { type: 'GRU', units: 2, return_state: true } },
      [4, 3, 2],
      'a layer of one output',
    ],
    [
      { type: 'Bidirectional', layer: { type: 'GRU', units: 2 }, backward_layer: { type: 'GRU', units: 2 } },
      [4, 1],
      'a backward_layer whose go_backwards is not that of layer',
    ],
    [{ type: 'Bidirectional', layer: { type: 'Dense', units: 2 } }, [4, 1], '/layers/0/layer/type'],
  ])('%j on %j', (layer, inputShape, message) => {
    const problem = (() => {
      try {
        return modelOf([layer], inputShape as number[])
      } catch (error) {
        return error as { detail: string; errors: { pointer: string }[] }
      }
    })()
    expect(JSON.stringify(problem)).toContain(message)
  })
})
