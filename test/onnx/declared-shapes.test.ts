import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import type { Dim } from '../../src/onnx/dims.ts'
import type { OpType } from '../../src/onnx/ops.ts'
import { elementCount, tensorOf } from '../../src/onnx/tensor.ts'
import type { Any, Real } from '../../src/onnx/value.ts'
import { inputsOf } from '../autodiff/inputs-of.ts'
import type { Trial } from '../support/check-vjp.ts'
import { newGraph, runGraph } from '../support/graph.ts'

/** A declared length with `batch` bound; null where the rule only gives it a name of its own. */
function bound(dim: Dim, batch: number): number | null {
  if (typeof dim === 'number') return dim
  if (dim.startsWith('(')) {
    const terms = dim
      .slice(1, -1)
      .split('+')
      .map((term) => bound(Number.isNaN(Number(term)) ? term : Number(term), batch))
    return terms.reduce<number | null>((sum, term) => (sum === null || term === null ? null : sum + term), 0)
  }
  const factors = dim.split('*').map((factor) => (factor === 'batch' ? batch : Number(factor)))
  return factors.some(Number.isNaN) ? null : factors.reduce((product, factor) => product * factor, 1)
}

function batchOf({ inputs }: Trial): number {
  const lengths = inputs.flatMap(({ shape, dims }) =>
    shape.flatMap((dim, axis) => (dim === 'batch' ? [dims[axis]] : [])),
  )
  return lengths[0] ?? 1
}

/** Runs the operators and compares type and shape of each output with what the rule declared. */
async function compareDeclared(trial: Trial): Promise<void> {
  const graph = newGraph()
  const op = createBuilder(graph)
  const ys = trial.build(
    op,
    trial.inputs.map(({ shape }, i) => graph.input(`x${i}`, trial.type, shape)),
  )
  for (const y of ys) graph.output(y)
  const feeds = trial.inputs.map(({ dims, values }, i) => [`x${i}`, tensorOf(trial.type, values, dims)] as const)
  const results = await runGraph(graph, Object.fromEntries(feeds))
  for (const y of ys) {
    const result = results[y.name]
    const declared = y.shape.map((dim, axis) => bound(dim, batchOf(trial)) ?? result?.dims[axis])
    expect([result?.type, result?.dims]).toEqual([y.type, declared])
  }
}

test.each(Object.entries(inputsOf))('%s gives the shape that its rule declares', (_, trials) =>
  fc.assert(fc.asyncProperty(trials, compareDeclared), { numRuns: 10 }),
)

const ones = (op: Builder, ...dims: number[]) =>
  op.constant(tensorOf('float32', Array(elementCount(dims)).fill(1), dims))

/** One direction, two hidden units, one step. */
const recurrence = (op: Builder, x: Real, gates: number) =>
  [op.Unsqueeze(x, op.ints([0])), ones(op, 1, 2 * gates, 3), ones(op, 1, 2 * gates, 2)] as const

/** Operators that have no gradient, and so no drawn inputs. x is [batch, 3]. */
const others: [OpType, (op: Builder, x: Real) => Any][] = [
  ['Not', (op, x) => op.Not(op.IsNaN(x))],
  ['IsInf', (op, x) => op.IsInf(x)],
  ['Equal', (op, x) => op.Equal(x, op.ReduceMax(x, null, {}))],
  ['GreaterOrEqual', (op, x) => op.GreaterOrEqual(x, op.scalar(0, x))],
  ['LessOrEqual', (op, x) => op.LessOrEqual(x, op.scalar(0, x))],
  ['And', (op, x) => op.And(op.Less(x, op.scalar(1, x)), op.Or(op.IsNaN(x), op.IsInf(x)))],
  ['ArgMax', (op, x) => op.ArgMax(x, { axis: -1, keepdims: 0 })],
  ['ArgMin', (op, x) => op.ArgMin(x, { axis: 0 })],
  ['RNN', (op, x) => op.RNN(...recurrence(op, x, 1), null, null, null, { hidden_size: 2 })[0]],
  ['GRU', (op, x) => op.GRU(...recurrence(op, x, 3), null, null, null, { hidden_size: 2 })[1]],
  ['LSTM', (op, x) => op.LSTM(...recurrence(op, x, 4), null, null, null, null, null, { hidden_size: 2 })[2]],
  ['Shape', (op, x) => op.Shape(x, { start: -1 })],
  ['Size', (op, x) => op.Size(x)],
  ['ConstantOfShape', (op, x) => op.ConstantOfShape(op.Shape(x, {}), { value: tensorOf('int64', [7]) })],
  [
    'BitShift',
    (op, x) =>
      op.BitShift(op.Cast(x, { to: 'uint32' }), op.constant(tensorOf('uint32', [1], [])), { direction: 'RIGHT' }),
  ],
  ['BitwiseXor', (op, x) => op.BitwiseXor(op.Cast(x, { to: 'int32' }), op.constant(tensorOf('int32', [1], [])))],
  ['BitwiseAnd', (op, x) => op.BitwiseAnd(op.Cast(x, { to: 'int32' }), op.constant(tensorOf('int32', [1], [])))],
]

describe('operators without a gradient', () => {
  test.each(others)('%s gives the shape that its rule declares', (_, build) =>
    compareDeclared({
      type: 'float32',
      seed: 1,
      inputs: [{ shape: ['batch', 3], dims: [2, 3], values: [1, 2, 3, 4, 5, 6] }],
      build: (op, [x]) => [build(op, x as Real)],
    }),
  )
})
