import { describe, expect, test } from 'vitest'
import { summarize } from '../../../../src/nn/summary.ts'
import { initialWeights } from '../../../../src/nn/weights.ts'
import { modelOf, runModel } from '../../../support/check-layer.ts'
import { numbers } from '../../../support/graph.ts'

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

describe('what does not fit is told', () => {
  test.each([
    [{ type: 'LSTM', units: 2 }, [4], 'samples of shape [time, features]'],
    [{ type: 'LSTM', units: 2, bias_initializer: 'glorot_normal' }, [4, 1], 'unit_forget_bias to be false'],
    [{ type: 'Masking' }, [4], 'samples of shape [time, features]'],
    [{ type: 'TimeDistributed', layer: { type: 'Dense', units: 2 } }, [4], 'samples of shape [time, …]'],
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
