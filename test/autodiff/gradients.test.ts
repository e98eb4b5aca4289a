import { describe, expect, test } from 'vitest'
import { gradients, pullBack } from '../../src/autodiff/gradients.ts'
import { MissingRuleError } from '../../src/autodiff/vjp.ts'
import { createBuilder } from '../../src/onnx/builder.ts'
import type { Graph } from '../../src/onnx/graph.ts'
import { tensorOf } from '../../src/onnx/tensor.ts'
import { Value } from '../../src/onnx/value.ts'
import { allclose } from '../support/allclose.ts'
import { newGraph, numbers, runGraph } from '../support/graph.ts'

/** A graph with inputs x [batch, 3] and w [3, 2]. */
function start() {
  const graph = newGraph()
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', ['batch', 3])
  const w = graph.input('w', 'float32', [3, 2])
  return { graph, op, x, w, sum: (y: typeof x) => op.ReduceSum(y, null, { keepdims: 0 }) }
}

const operators = (graph: Graph, from = 0) => graph.nodes.slice(from).map((node) => node.opType)

describe('the walk', () => {
  test('a fan-out is summed by one Sum', () => {
    const { graph, op, x, sum } = start()
    const a = op.Exp(x)
    const loss = sum(op.Concat([op.Neg(a), op.Tanh(a), op.Abs(a)], { axis: 1 }))
    gradients(op, loss, [x])
    const sums = graph.nodes.filter((node) => node.opType === 'Sum')
    expect(sums.map((node) => node.inputs.length)).toEqual([3])
  })

  test('nodes off the path from wrt to loss get no backward nodes', () => {
    const { graph, op, x, w, sum } = start()
    const loss = sum(op.MatMul(op.Exp(op.Sin(x)), w))
    const forward = graph.nodes.length
    gradients(op, loss, [w])
    expect(operators(graph, forward)).toEqual(['Shape', 'Expand', 'Gemm'])
  })

  test('what rules add for inputs that nobody asked for is taken out again', () => {
    const { graph, op, x, w, sum } = start()
    const loss = sum(op.Mul(op.MatMul(x, w), op.scalar(3, x)))
    const forward = graph.nodes.length
    gradients(op, loss, [w])
    expect(operators(graph, forward).filter((opType) => opType === 'Mul')).toHaveLength(1)
  })

  test('a value that the loss does not depend on has a gradient of zeros', async () => {
    const { graph, op, x, w, sum } = start()
    const [, dw] = gradients(op, sum(op.Exp(x)), [x, w])
    graph.output(dw as Value)
    const { [dw?.name ?? '']: result } = await runGraph(graph, {
      x: tensorOf('float32', [1, 2, 3], [1, 3]),
      w: tensorOf('float32', new Array(6).fill(1), [3, 2]),
    })
    expect([result?.dims, numbers(result)]).toEqual([
      [3, 2],
      [0, 0, 0, 0, 0, 0],
    ])
  })

  test('integers end the path', () => {
    const { graph, op, x, sum } = start()
    const loss = sum(op.Cast(op.Cast(x, { to: 'int64' }), { to: 'float32' }))
    const forward = graph.nodes.length
    gradients(op, loss, [x])
    expect(operators(graph, forward)).toEqual(['Shape', 'ConstantOfShape'])
  })

  test('an operator without a rule is named with its node', () => {
    const { graph, op, x, sum } = start()
    const y = new Value('y', 'float32', ['batch', 3])
    graph.nodes.push({ opType: 'Trilu', domain: '', name: 'block/mask', inputs: [x], outputs: [y], attributes: {} })
    const loss = sum(y)
    expect(() => gradients(op, loss, [x])).toThrow(MissingRuleError)
    expect(() => gradients(op, loss, [x])).toThrow('Trilu "block/mask" has no gradient rule')
  })

  test('an operator without a rule off the path does no harm', () => {
    const { graph, op, x, w, sum } = start()
    const y = new Value('y', 'float32', ['batch', 3])
    graph.nodes.push({ opType: 'Trilu', domain: '', name: 'mask', inputs: [x], outputs: [y], attributes: {} })
    expect(gradients(op, sum(op.MatMul(y, w)), [w])[0]?.shape).toEqual([3, 2])
  })

  test('a loss that is no scalar is refused by name and shape', () => {
    const { op, x } = start()
    expect(() => gradients(op, op.named('loss').Exp(x), [x])).toThrow('the loss loss_y has shape [batch, 3]')
  })

  test('the gradient of a value is named after it', () => {
    const { op, x, w, sum } = start()
    const [dw] = gradients(op, sum(op.Relu(op.MatMul(x, w))), [w])
    expect(dw?.name).toBe('w_grad')
  })

  test('a gradient can be asked for values in the middle of the graph', async () => {
    const { graph, op, x, sum } = start()
    const a = op.Exp(x)
    const [da] = gradients(op, sum(op.Mul(a, a)), [a])
    graph.output(da as Value)
    const feeds = { x: tensorOf('float32', [0, 1, 2], [1, 3]), w: tensorOf('float32', new Array(6).fill(0), [3, 2]) }
    const result = await runGraph(graph, feeds)
    allclose(numbers(result.exp_y_grad), [2, 2 * Math.E, 2 * Math.E ** 2])
  })

  test('building twice adds the same nodes under the same names', () => {
    const build = () => {
      const { graph, op, x, w, sum } = start()
      gradients(op, sum(op.Tanh(op.MatMul(x, w))), [w])
      return graph.nodes.map(({ name, outputs }) => [name, ...outputs.map((y) => y.name)])
    }
    expect(build()).toEqual(build())
  })
})

describe('the open batch', () => {
  test('one graph gives the mean gradient of whatever batch is fed', async () => {
    const { graph, op, x, w } = start()
    const loss = op.ReduceMean(op.Mul(op.MatMul(x, w), op.MatMul(x, w)), null, { keepdims: 0 })
    const [dw] = gradients(op, loss, [w])
    graph.output(dw as Value)
    const weights = [1, -1, 0.5, 2, 0, 1]
    for (const batch of [1, 2, 5]) {
      const rows = Array.from({ length: batch * 3 }, (_, i) => Math.sin(i))
      const { w_grad } = await runGraph(graph, {
        x: tensorOf('float32', rows, [batch, 3]),
        w: tensorOf('float32', weights, [3, 2]),
      })
      // d/dw of the mean of (xw)² is xᵀ·xw over the batch, since there are two columns
      const expected = weights.map((_, at) => {
        const [i, j] = [Math.floor(at / 2), at % 2]
        const row = (n: number, k: number) => rows[3 * n + k] as number
        const y = (n: number) => [0, 1, 2].reduce((s, k) => s + row(n, k) * (weights[2 * k + j] as number), 0)
        return Array.from({ length: batch }, (_, n) => (row(n, i) * y(n)) / batch).reduce((s, term) => s + term, 0)
      })
      allclose(numbers(w_grad), expected, { absolute: 1e-6 })
    }
  })

  test('cotangents of our own choice take the place of a scalar loss', async () => {
    const { graph, op, x, w } = start()
    const perRow = op.ReduceSum(op.MatMul(x, w), op.ints([1]), { keepdims: 0 })
    const weight = graph.input('weight', 'float32', ['batch'])
    const [dw] = pullBack(op, [[perRow, weight]], [w])
    graph.output(dw as Value)
    const { w_grad } = await runGraph(graph, {
      x: tensorOf('float32', [1, 2, 3, 4, 5, 6], [2, 3]),
      w: tensorOf('float32', new Array(6).fill(0), [3, 2]),
      weight: tensorOf('float32', [1, 10]),
    })
    expect(numbers(w_grad)).toEqual([41, 41, 52, 52, 63, 63])
  })
})

describe('the nodes of the usual layers', () => {
  test('a dense layer: Gemm for the kernel, one sum for the bias, no Transpose', () => {
    const { graph, op, x, w } = start()
    const b = graph.input('b', 'float32', [2])
    const y = op.Add(op.MatMul(x, w), b)
    const dy = graph.input('dy', 'float32', ['batch', 2])
    const forward = graph.nodes.length
    pullBack(op, [[y, dy]], [x, w, b])
    expect(operators(graph, forward).sort()).toEqual(['Gemm', 'Gemm', 'ReduceSum'])
  })

  test('a dense layer on sequences: one Gemm over all rows of the batch', () => {
    const { graph, op, w } = start()
    const x = graph.input('sequence', 'float32', ['batch', 7, 3])
    const dy = graph.input('dy', 'float32', ['batch', 7, 2])
    const y = op.MatMul(x, w)
    const forward = graph.nodes.length
    pullBack(op, [[y, dy]], [x, w])
    expect(operators(graph, forward).sort()).toEqual(['Flatten', 'Flatten', 'Gemm', 'Gemm', 'Reshape'])
  })

  test('relu: two nodes, the mask by HardSigmoid', () => {
    const { graph, op, x } = start()
    const dy = graph.input('dy', 'float32', ['batch', 3])
    const y = op.Relu(x)
    const forward = graph.nodes.length
    pullBack(op, [[y, dy]], [x])
    expect(operators(graph, forward)).toEqual(['HardSigmoid', 'Mul'])
  })
})

describe('inside the body of a Scan', () => {
  /** Gradient descent on (w - target)² for a sequence of targets; the rate is a value of the outer graph. */
  function descent() {
    const graph = newGraph()
    const op = createBuilder(graph)
    const [w0, targets] = [graph.input('w0', 'float32', [2]), graph.input('targets', 'float32', ['steps', 2])]
    const rate = graph.input('rate', 'float32', [])
    const body = graph.subgraph('body')
    const inner = createBuilder(body)
    const [w, target] = [body.input('w', 'float32', [2]), body.input('target', 'float32', [2])]
    const error = inner.Sub(w, target)
    const loss = inner.ReduceSum(inner.Mul(error, inner.Mul(error, rate)), null, { keepdims: 0 })
    return { graph, op, w0, targets, rate, body, inner, w, loss }
  }

  test('gradients are added to the body, and training runs in one session', async () => {
    const { graph, op, w0, targets, body, inner, w, loss } = descent()
    const [dw] = gradients(inner, loss, [w])
    body.output(inner.Sub(w, dw as typeof w))
    const [last] = op.Scan([w0, targets], { body, num_scan_inputs: 1 })
    graph.output(last as Value)
    const result = await runGraph(graph, {
      w0: tensorOf('float32', [1, 2]),
      targets: tensorOf('float32', [0, 0, 4, 4], [2, 2]),
      rate: tensorOf('float32', [0.25], []),
    })
    // w ← w - 2·rate·(w - target)
    expect(numbers(result[last?.name ?? ''])).toEqual([2.25, 2.5])
  })

  test('a value of the outer graph is a constant, unless it is asked for', async () => {
    const { graph, op, w0, targets, rate, body, inner, w, loss } = descent()
    const [dRate] = gradients(inner, loss, [rate])
    body.output(inner.Identity(w))
    body.output(dRate as Value)
    const [, slopes] = op.Scan([w0, targets], { body, num_scan_inputs: 1 })
    graph.output(slopes as Value)
    const result = await runGraph(graph, {
      w0: tensorOf('float32', [1, 2]),
      targets: tensorOf('float32', [0, 0, 4, 4], [2, 2]),
      rate: tensorOf('float32', [0.25], []),
    })
    expect(numbers(result[slopes?.name ?? ''])).toEqual([5, 13])
  })
})

describe('through a Scan', () => {
  /** h' = tanh(h·r + x) over 4 steps, differentiated by h0 and r. */
  function recurrence() {
    const graph = newGraph()
    const op = createBuilder(graph)
    const h0 = graph.input('h0', 'float32', ['batch', 3])
    const xs = graph.input('xs', 'float32', [4, 'batch', 3])
    const r = graph.input('r', 'float32', [3, 3])
    const body = graph.subgraph('step')
    const inner = createBuilder(body)
    const [h, x] = [body.input('h', 'float32', ['batch', 3]), body.input('x', 'float32', ['batch', 3])]
    const next = inner.Tanh(inner.Add(inner.MatMul(h, r), x))
    body.output(next)
    const [last] = op.Scan([h0, xs], { body, num_scan_inputs: 1 })
    const loss = op.ReduceSum(last as typeof h0, null, { keepdims: 0 })
    return { graph, body, grads: gradients(op, loss, [r]) }
  }

  const backwardBody = (graph: Graph) =>
    graph.nodes.findLast(({ opType }) => opType === 'Scan')?.attributes.body as Graph

  test('what does not depend on a cotangent is computed in the forward body', () => {
    const { graph, body } = recurrence()
    expect(operators(body)).toEqual(['MatMul', 'Add', 'Tanh', 'Mul', 'Sub', 'Identity'])
    expect(operators(backwardBody(graph))).toEqual(['Mul', 'Gemm'])
  })

  test('a product of the forward body serves the slopes: h·(1 - o) and o - h·t beside h = o·t', () => {
    const graph = newGraph()
    const op = createBuilder(graph)
    const start = graph.input('start', 'float32', ['batch', 3])
    const xs = graph.input('xs', 'float32', [4, 'batch', 3])
    const body = graph.subgraph('step')
    const inner = createBuilder(body)
    const [c, x] = [body.input('c', 'float32', ['batch', 3]), body.input('x', 'float32', ['batch', 3])]
    body.output(inner.Mul(inner.Sigmoid(x), inner.Tanh(c)))
    const [last] = op.Scan([start, xs], { body, num_scan_inputs: 1 })
    gradients(op, op.ReduceSum(last as typeof start, null, { keepdims: 0 }), [start, xs])
    expect(operators(body)).toEqual(['Sigmoid', 'Tanh', 'Mul', 'Mul', 'Sub', 'Sub', 'Mul'])
    expect(operators(backwardBody(graph))).toEqual(['Mul', 'Mul'])
  })

  test("the weight's gradient is one product over the rows of all steps, after the loop", () => {
    const { graph } = recurrence()
    const after = graph.nodes.slice(graph.nodes.findLastIndex(({ opType }) => opType === 'Scan') + 1)
    expect(after.map(({ opType }) => opType)).toEqual(['Flatten', 'Flatten', 'Gemm'])
  })

  test('sequences that nobody asked the gradient of are not written', () => {
    const { graph } = recurrence()
    const { outputs } = backwardBody(graph)
    expect(outputs).toHaveLength(2) // the state's cotangent, and the pre-activation's for the weight
  })
})
