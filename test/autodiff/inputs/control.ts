/** Gradient test inputs of `Scan`: recurrences of several kinds, in both directions, along any axis, nested. */
import fc from 'fast-check'
import { type Builder, createBuilder } from '../../../src/onnx/builder.ts'
import type { Shape } from '../../../src/onnx/dims.ts'
import type { Graph } from '../../../src/onnx/graph.ts'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import type { Real, Value } from '../../../src/onnx/value.ts'
import { inInterval, trials } from '../draw.ts'

function bodyOf(op: Builder): { body: Graph; inner: Builder } {
  const body = op.graph.subgraph('step')
  return { body, inner: createBuilder(body) }
}

const part = (body: Graph, like: Value, shape: Shape, name = 'part') => body.bodyInput(name, like.type, shape) as Real

const flag = fc.constantFrom(0, 1)
const unit = inInterval(-1, 1)

/** h' = tanh(x·W + h·R + b): an RNN whose batch or length is open, reading and writing in either direction. */
const recurrent = trials({
  plan: fc
    .record({ open: fc.constantFrom('batch', 'length', 'none'), axis: flag, read: flag, write: flag, kept: fc.nat(2) })
    .map(({ open, ...rest }) => {
      const [length, rows] = [open === 'length' ? 'batch' : 3, open === 'batch' ? 'batch' : 2]
      const shapes: Shape[] = [[rows, 3], rest.axis ? [rows, length, 2] : [length, rows, 2], [2, 3], [3, 3], [3]]
      return { shapes, rows, ...rest }
    }),
  values: unit,
  call: (op, [h0, xs, w, r, b], { rows, axis, read, write, kept }) => {
    const { body, inner } = bodyOf(op)
    const [h, x] = [part(body, h0, [rows, 3], 'h'), part(body, xs, [rows, 2], 'x')]
    const next = inner.Tanh(inner.Add(inner.Add(inner.MatMul(x, w as Real), inner.MatMul(h, r as Real)), b as Real))
    body.output(next)
    body.output(inner.Mul(next, next))
    const outputs = op.Scan([h0, xs], {
      body,
      num_scan_inputs: 1,
      scan_input_axes: [axis],
      scan_input_directions: [read],
      scan_output_axes: [axis],
      scan_output_directions: [write],
    })
    return kept < 2 ? outputs.slice(kept, kept + 1) : outputs
  },
})

/** Two states and a counter, gates, a state given out before its step, a state that never changes. */
const gated = trials({
  plan: fc.constant({ shapes: [[2, 2], [2, 2], [3, 2, 2], [2]] as Shape[] }),
  values: unit,
  call: (op, [c0, fixed, xs, bias], { random }) => {
    const { body, inner } = bodyOf(op)
    const count = body.bodyInput('count', 'int64', [])
    const [c, same, x] = [part(body, c0, [2, 2], 'c'), part(body, fixed, [2, 2], 'same'), part(body, xs, [2, 2], 'x')]
    const gate = inner.Sigmoid(inner.Add(x, bias as Real))
    body.output(inner.Add(count, inner.constant(tensorOf('int64', [1], []))))
    const scaled = inner.Mul(
      x,
      inner.Cast(inner.Add(count, inner.constant(tensorOf('int64', [1], []))), { to: x.type as 'float32' }),
    )
    body.output(inner.Add(inner.Mul(gate, c), inner.Mul(same, scaled)))
    body.output(inner.Identity(same))
    body.output(inner.Identity(c))
    body.output(inner.ReduceMean(inner.Exp(c), null, { keepdims: 0 }))
    const start = op.constant(tensorOf('int64', [0], []))
    const outputs = op.Scan([start, c0, fixed, xs], { body, num_scan_inputs: 1 })
    const kept = 1 + random.integer(4)
    return outputs.filter((_, i) => i === kept || random.integer(3) > 0)
  },
})

/** s' = 2s, nothing saved; and rows of a table that is captured, chosen by a sequence of integers. */
const linear = trials({
  plan: fc.constant({ shapes: [[2], [3, 2]] as Shape[] }),
  values: unit,
  call: (op, [s0, table]) => {
    const { body, inner } = bodyOf(op)
    const [s, at] = [part(body, s0, [2], 's'), body.bodyInput('at', 'int64', [])]
    body.output(inner.Mul(s, inner.scalar(2, s)))
    body.output(inner.Gather(table, at, {}))
    return op.Scan([s0, op.ints([2, 0, 2, 1])], { body, num_scan_inputs: 1 })
  },
})

/** Gates out of one Gemm, as in an LSTM, with a weight that is joined, turned and used twice, and one in either direction. */
const gates = trials({
  plan: fc
    .record({ read: flag, kept: fc.nat(2) })
    .map((rest) => ({ shapes: [['batch', 2], [3, 'batch', 4], [2, 2], [4]] as Shape[], ...rest })),
  values: unit,
  call: (op, [h0, xs, r, b], { read, kept }) => {
    const { body, inner } = bodyOf(op)
    const [h, x] = [part(body, h0, ['batch', 2], 'h'), part(body, xs, ['batch', 4], 'x')]
    const kernel = inner.Concat([r, inner.Transpose(inner.Reshape(r, inner.ints([2, 2])), { perm: [1, 0] })], {
      axis: 1,
    })
    const z = inner.Gemm(h, kernel, inner.Add(x, b as Real), {})
    const [gate, value] = inner.Split(z, inner.ints([2, 2]), { axis: 1 }) as [Real, Real]
    const [keep, scaled] = [inner.Sigmoid(gate), inner.Mul(inner.Tanh(value), inner.Sigmoid(inner.Neg(gate)))]
    const next = inner.Add(inner.Mul(keep, h), scaled)
    body.output(next)
    body.output(inner.Concat([inner.Mul(keep, next), inner.Mul(scaled, next)], { axis: 1 }))
    const outputs = op.Scan([h0, xs], { body, num_scan_inputs: 1, scan_input_directions: [read] })
    return kept < 2 ? outputs.slice(kept, kept + 1) : outputs
  },
})

/** A loop in a loop: the inner one captures a weight of the outermost graph and a value of the outer step. */
const nested = trials({
  plan: fc.constant({
    shapes: [
      ['batch', 2],
      [3, 'batch', 2],
      [2, 2],
    ] as Shape[],
  }),
  values: unit,
  call: (op, [h0, xs, w]) => {
    const { body, inner } = bodyOf(op)
    const [h, x] = [part(body, h0, ['batch', 2], 'h'), part(body, xs, ['batch', 2], 'x')]
    const gate = inner.Sigmoid(x)
    const deep = bodyOf(inner)
    const [z, row] = [part(deep.body, h0, ['batch', 2], 'z'), part(deep.body, w, [2], 'row')]
    const next = deep.inner.Tanh(deep.inner.Add(deep.inner.Mul(deep.inner.MatMul(z, w), gate), row))
    deep.body.output(next)
    deep.body.output(deep.inner.ReduceSum(next, deep.inner.ints([0]), { keepdims: 0 }))
    const [last, rows] = inner.Scan([h, w], { body: deep.body, num_scan_inputs: 1 })
    body.output(inner.Add(last as Real, x))
    body.output(inner.Identity(rows as Real))
    return op.Scan([h0, xs], { body, num_scan_inputs: 1 })
  },
})

export const controlInputs = { Scan: fc.oneof(recurrent, gated, gates, linear, nested) }
