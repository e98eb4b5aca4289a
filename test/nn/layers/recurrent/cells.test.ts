import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pullBack } from '../../../../src/autodiff/gradients.ts'
import type { ActivationName } from '../../../../src/nn/activations.ts'
import type { Cell, CellConfig } from '../../../../src/nn/layers/recurrent/cell.ts'
import { gruCell } from '../../../../src/nn/layers/recurrent/gru-cell.ts'
import { lstmCell } from '../../../../src/nn/layers/recurrent/lstm-cell.ts'
import { type RecurrentRun, runRecurrent } from '../../../../src/nn/layers/recurrent/run-recurrent.ts'
import { simpleRnnCell } from '../../../../src/nn/layers/recurrent/simple-rnn-cell.ts'
import { createBuilder } from '../../../../src/onnx/builder.ts'
import type { Graph } from '../../../../src/onnx/graph.ts'
import { elementCount, tensorOf } from '../../../../src/onnx/tensor.ts'
import type { Real } from '../../../../src/onnx/value.ts'
import { createRandom, deriveKey } from '../../../../src/random.ts'
import { allclose } from '../../../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../../../support/graph.ts'

interface Case {
  readonly cell: Cell<never>
  readonly config: CellConfig & { readonly recurrent_activation?: ActivationName; readonly reset_after?: boolean }
  readonly gates: number
  readonly biasShape: readonly number[] | null
}

interface Weights {
  readonly kernel: readonly number[]
  readonly recurrent: readonly number[]
  readonly bias: readonly number[] | null
}

const plain: RecurrentRun = {
  training: false,
  uniform: (like) => like,
  mask: null,
  purpose: 'test',
  dropout: 0,
  recurrent_dropout: 0,
  backwards: false,
  order: 'steps',
  sequences: true,
  zeroOutput: false,
  initial: [],
}

/** The outputs of all steps and the last states of a cell for x [time, batch, features], and the operators it ran. */
async function run(
  { cell, config, gates, biasShape }: Case,
  x: readonly number[],
  dims: readonly [time: number, batch: number, features: number],
  weights: Weights,
  { served, ...changes }: Partial<RecurrentRun> & { served: boolean; mask?: never },
) {
  const graph = newGraph()
  const op = createBuilder(graph)
  const { units } = config
  const [time, , features] = dims
  const feeds = { x: tensorOf('float32', x, dims) }
  const weight = (name: string, values: readonly number[], shape: readonly number[]): Real => {
    const tensor = tensorOf('float32', values, shape)
    if (served) return op.constant(tensor, name)
    Object.assign(feeds, { [name]: tensor })
    return graph.input(name, 'float32', shape)
  }
  const values = {
    kernel: weight('kernel', weights.kernel, [features, gates * units]),
    recurrent_kernel: weight('recurrent', weights.recurrent, [units, gates * units]),
    bias: biasShape && weight('bias', weights.bias ?? [], biasShape),
  }
  const input = graph.input('x', 'float32', [time, 'batch', features])
  const result = runRecurrent(op, cell as Cell, input, values, config, { ...plain, ...changes })
  const outputs = [result.sequence as Real, ...result.states].map((value) => op.named('out').Identity(value))
  for (const output of outputs) graph.output(output)
  const results = await runGraph(graph, feeds)
  return {
    values: outputs.map(({ name }) => numbers(results[name])),
    operators: graph.nodes.map(({ opType }) => opType),
  }
}

const activations = fc.constantFrom<ActivationName>('tanh', 'sigmoid', 'relu')

const cells: Record<string, fc.Arbitrary<Case>> = {
  SimpleRNN: fc
    .record({ units: fc.integer({ min: 1, max: 5 }), activation: activations, bias: fc.boolean() })
    .map(({ bias, ...config }) => ({
      cell: simpleRnnCell as Cell<never>,
      config,
      gates: 1,
      biasShape: bias ? [config.units] : null,
    })),
  LSTM: fc
    .record({
      units: fc.integer({ min: 1, max: 5 }),
      activation: activations,
      recurrent_activation: activations,
      bias: fc.boolean(),
    })
    .map(({ bias, ...config }) => ({
      cell: lstmCell as Cell<never>,
      config,
      gates: 4,
      biasShape: bias ? [4 * config.units] : null,
    })),
  GRU: fc
    .record({
      units: fc.integer({ min: 1, max: 5 }),
      activation: activations,
      recurrent_activation: activations,
      reset_after: fc.boolean(),
      bias: fc.boolean(),
    })
    .map(({ bias, ...config }) => ({
      cell: gruCell as Cell<never>,
      config,
      gates: 3,
      biasShape: bias ? (config.reset_after ? [2, 3 * config.units] : [3 * config.units]) : null,
    })),
}

test.each(Object.entries(cells))('%s: the served operator agrees with the Scan that trains', (name, drawn) =>
  fc.assert(
    fc.asyncProperty(
      drawn,
      fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 })),
      fc.record({ backwards: fc.boolean(), order: fc.constantFrom('steps' as const, 'time' as const) }),
      fc.nat(1e9),
      async (made, dims, direction, seed) => {
        const random = createRandom(deriveKey(seed))
        const draw = (count: number) => Array.from({ length: count }, () => 1.6 * random.uniform() - 0.8)
        const { units } = made.config
        const weights = {
          kernel: draw(dims[2] * made.gates * units),
          recurrent: draw(units * made.gates * units),
          bias: made.biasShape && draw(elementCount(made.biasShape)),
        }
        const x = draw(elementCount(dims))
        const served = await run(made, x, dims, weights, { ...direction, served: true })
        const trained = await run(made, x, dims, weights, { ...direction, served: false })
        expect(served.operators).toContain(name === 'SimpleRNN' ? 'RNN' : name)
        expect(trained.operators).toContain('Scan')
        served.values.forEach((values, i) => {
          allclose(values, trained.values[i] as number[], { relative: 1e-5, absolute: 1e-5 })
        })
      },
    ),
    { numRuns: 15 },
  ),
)

test('an activation that the operator does not know is served through Scan', async () => {
  const config = { units: 1, activation: 'mish' as const }
  const made: Case = { cell: simpleRnnCell as Cell<never>, config, gates: 1, biasShape: null }
  const { operators } = await run(made, [1], [1, 1, 1], { kernel: [1], recurrent: [1], bias: null }, { served: true })
  expect(operators).toContain('Scan')
})

describe('case C07, GRU of one unit', () => {
  const x = [1, -2, 0.5]
  const weights = (bias: number[]) => ({ kernel: [0.5, -0.4, 0.3], recurrent: [0.2, 0.6, -0.7], bias })
  const gru = (reset_after: boolean): Case => ({
    cell: gruCell as Cell<never>,
    config: { units: 1, activation: 'tanh', recurrent_activation: 'sigmoid', reset_after },
    gates: 3,
    biasShape: reset_after ? [2, 3] : [3],
  })
  const forms = [true, false] as const

  test.each(forms)('reset_after true, served %s', async (served) => {
    const { values } = await run(gru(true), x, [3, 1, 1], weights([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), { served })
    allclose(values[0] ?? [], [0.19830624, 0.12867157, 0.29324658], { relative: 1e-6, absolute: 1e-6 })
  })

  test.each(forms)('reset_after false, served %s', async (served) => {
    const { values } = await run(gru(false), x, [3, 1, 1], weights([0.1, 0.2, 0.3]), { served })
    allclose(values[0] ?? [], [0.19030013, -0.21079989, 0.080589878], { relative: 1e-6, absolute: 1e-6 })
  })
})

test('a step backward of an LSTM is as few nodes as one written by hand', () => {
  const graph = newGraph()
  const op = createBuilder(graph)
  const config = { units: 4, activation: 'tanh' as const, recurrent_activation: 'sigmoid' as const }
  const x = graph.input('x', 'float32', [6, 'batch', 3])
  const weights = {
    kernel: graph.input('kernel', 'float32', [3, 16]),
    recurrent_kernel: graph.input('recurrent', 'float32', [4, 16]),
    bias: graph.input('bias', 'float32', [16]),
  }
  const { states } = runRecurrent(op, lstmCell, x, weights, config, { ...plain, sequences: false })
  const h = states[0] as Real
  pullBack(op, [[h, h]], [weights.kernel, weights.recurrent_kernel, weights.bias])
  const scans = graph.nodes.filter(({ opType }) => opType === 'Scan')
  const backward = scans.at(-1)?.attributes.body as Graph
  expect(backward.nodes.map(({ opType }) => opType).sort()).toEqual(['Concat', 'Gemm', 'Mul', 'Mul', 'Mul', 'Sum'])
})
