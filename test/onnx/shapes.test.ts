import { expect, test } from 'vitest'
import { createBuilder, ShapeError } from '../../src/onnx/builder.ts'
import type { Any } from '../../src/onnx/value.ts'
import { newGraph } from '../support/graph.ts'

function build(make: (op: ReturnType<typeof createBuilder>, x: ReturnType<typeof input>) => Any) {
  const op = createBuilder(newGraph())
  return make(op, input(op)).shape
}
const input = (op: ReturnType<typeof createBuilder>) => op.graph.input('x', 'float32', ['batch', 4, 6])

test.each<[string, Parameters<typeof build>[0], (number | string)[]]>([
  ['Reshape keeps, merges and splits axes', (op, x) => op.Reshape(x, op.ints([0, 3, -1])), ['batch', 3, 8]],
  ['Reshape merges the batch with another axis', (op, x) => op.Reshape(x, op.ints([-1, 6])), ['4*batch', 6]],
  [
    'Reshape takes the symbol out again',
    (op, x) => op.Reshape(op.Reshape(x, op.ints([-1, 6])), op.ints([-1, 4, 6])),
    ['batch', 4, 6],
  ],
  ['Reshape to the shape of another value', (op, x) => op.Reshape(x, op.Shape(x, {})), ['batch', 4, 6]],
  ['MatMul', (op, x) => op.MatMul(x, op.Transpose(x, { perm: [0, 2, 1] })), ['batch', 4, 4]],
  ['ReduceMean without an axis', (op, x) => op.ReduceMean(x, op.ints([-1]), { keepdims: 0 }), ['batch', 4]],
  ['ReduceSum over all', (op, x) => op.ReduceSum(x, null, { keepdims: 0 }), []],
  ['Concat adds lengths', (op, x) => op.Concat([x, x], { axis: -1 }), ['batch', 4, 12]],
  [
    'Slice with a step',
    (op, x) => op.Slice(x, op.ints([-1]), op.ints([-100]), op.ints([2]), op.ints([-2])),
    ['batch', 4, 3],
  ],
  ['Gather', (op, x) => op.Gather(x, op.ints([0, 1]), { axis: 1 }), ['batch', 2, 6]],
  ['Pad', (op, x) => op.Pad(x, op.ints([1, 2]), null, op.ints([1]), {}), ['batch', 7, 6]],
  ['broadcasting', (op, x) => op.Add(x, op.scalar(1, x)), ['batch', 4, 6]],
  ['Unsqueeze and Squeeze', (op, x) => op.Squeeze(op.Unsqueeze(x, op.ints([1])), op.ints([1])), ['batch', 4, 6]],
])('%s', (_, make, shape) => {
  expect(build(make)).toEqual(shape)
})

test('a shape that does not fit names operator, node and shapes', () => {
  const op = createBuilder(newGraph())
  const x = input(op)
  const make = () => op.named('head').MatMul(x, x)
  expect(make).toThrow(ShapeError)
  expect(make).toThrow('MatMul "head_1": the inner axes differ: [batch, 4, 6] and [batch, 4, 6]')
})

test('a batch does not broadcast against a number other than 1', () => {
  const op = createBuilder(newGraph())
  const x = input(op)
  const y = op.graph.input('y', 'float32', [3, 4, 6])
  expect(() => op.Add(x, y)).toThrow('shapes do not broadcast')
})

test('Squeeze wants its axes named where the batch is open, for a batch of 1 would vanish', () => {
  const op = createBuilder(newGraph())
  const x = op.graph.input('x', 'float32', ['batch', 1])
  expect(() => op.Squeeze(x, null)).toThrow('name the axes')
  expect(op.Squeeze(x, op.ints([1])).shape).toEqual(['batch'])
})
