/**
 * Embedding, bidirectional LSTM and two dense layers by hand: both directions in one forward Scan and one backward Scan, whose
 * second half reads and writes the other way. Gates stand as o, i, f, c: one sigmoid over the first three, and the gradients
 * of the last three are all multiples of the cell's.
 */
import { type Builder, createBuilder } from '../../../src/onnx/builder.ts'
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import { Value } from '../../../src/onnx/value.ts'
import { type Rows, startOf } from '../../data.ts'
import type { StartWeight, Task } from '../../task.ts'
import { adamUpdate, buildEpoch, type Float, type Program, positive, withMoments } from './program.ts'

/** Of Keras' gates i, f, c, o. */
const gateOrder = [3, 0, 1, 2]
/** `ScatterND` adds without locks, unless its piece is small enough to stay on one thread. */
const piece = 1600

/** The columns of a kernel or bias in the order of the gates here. */
function regated(weight: StartWeight): Float32Array {
  const values = startOf(weight)
  const columns = weight.shape.at(-1) as number
  const units = columns / 4
  return Float32Array.from(values, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    const gate = gateOrder[Math.floor(column / units)] as number
    return values[row * columns + gate * units + (column % units)] as number
  })
}

/** Both directions' states at once: [2, batch, units]. */
function forward(op: Builder, xf: Float, xb: Float, recurrent: Float, zero: Float) {
  const [, , batch, gates] = xf.shape as [number, number, number, number]
  const units = gates / 4
  const body = op.graph.subgraph('forward')
  const inner = createBuilder(body)
  const half = [2, batch, units]
  const h0 = body.bodyInput('h', 'float32', half)
  const c0 = body.bodyInput('c', 'float32', half)
  const parts = ['xf', 'xb'].map((name) => body.bodyInput(name, 'float32', [1, batch, gates]))
  const z = inner.Add(inner.MatMul(h0, recurrent), inner.Concat(parts, { axis: 0 }))
  const [zs, zc] = inner.Split(z, inner.ints([3 * units, units]), { axis: 2 }) as [Float, Float]
  const s = inner.Sigmoid(zs)
  const candidate = inner.Tanh(zc)
  const [o, i, f] = inner.Split(s, inner.ints([units, units, units]), { axis: 2 }) as [Float, Float, Float]
  const kept = inner.Mul(f, c0)
  const taken = inner.Mul(i, candidate)
  const c = inner.Add(kept, taken)
  const tanh = inner.Tanh(c)
  const h = inner.Mul(o, tanh)
  // the factors of the gradient that do not depend on what comes later: s(1-s)·(tanh c, candidate, c0) = p - p·s
  const p = inner.Concat([h, taken, kept], { axis: 2 })
  const candidateFactor = inner.Sub(i, inner.Mul(taken, candidate))
  const gateFactors = inner.Concat([inner.Sub(p, inner.Mul(p, s)), candidateFactor], { axis: 2 })
  const cellFactor = inner.Sub(o, inner.Mul(h, tanh))
  const previous = inner.Split(h0, inner.ints([1, 1]), { axis: 0 })
  for (const value of [h, c, ...previous, gateFactors, cellFactor, f]) body.output(value)
  const [last, , hf, hb, ...factors] = op.Scan([zero, zero, xf, xb], {
    body,
    num_scan_inputs: 2,
    scan_input_directions: [0, 1],
    scan_output_directions: [0, 1, 0, 0, 0],
  }) as Float[]
  return { last: last as Float, previous: [hf, hb] as [Float, Float], factors: factors as [Float, Float, Float] }
}

/** The gradients of each direction's gates, [time, 1, batch, 4·units] in the order of time. */
function backward(op: Builder, factors: readonly [Float, Float, Float], recurrent: Float, zero: Float, dh0: Float) {
  const [, , batch, gates] = factors[0].shape as [number, number, number, number]
  const units = gates / 4
  const body = op.graph.subgraph('backward')
  const inner = createBuilder(body)
  const half = [2, batch, units]
  const dh = body.bodyInput('dh', 'float32', half)
  const dc0 = body.bodyInput('dc', 'float32', half)
  const gateFactors = body.bodyInput('gates', 'float32', [2, batch, gates])
  const cellFactor = body.bodyInput('cell', 'float32', half)
  const f = body.bodyInput('f', 'float32', half)
  const dc = inner.Add(inner.Mul(dh, cellFactor), dc0)
  const dz = inner.Mul(inner.Concat([dh, dc, dc, dc], { axis: 2 }), gateFactors)
  const ends = inner.Split(dz, inner.ints([1, 1]), { axis: 0 })
  for (const value of [inner.FusedMatMul(dz, recurrent, { transB: 1 }), inner.Mul(dc, f), ...ends]) body.output(value)
  const [, , df, db] = op.Scan([dh0, zero, ...factors], {
    body,
    num_scan_inputs: 3,
    scan_input_directions: [1, 1, 1],
    scan_output_directions: [1, 0],
  }) as Float[]
  return [df, db] as [Float, Float]
}

/** The gradient of the embeddings: rows added to where their words stand. */
function scatter(op: Builder, words: Value<'int64'>, dx: Float, shape: readonly number[]): Float {
  const rows = dx.shape[0] as number
  const pieces = Math.ceil(rows / piece)
  const sizes = Array.from({ length: pieces }, (_, i) => {
    return Math.floor(((i + 1) * rows) / pieces) - Math.floor((i * rows) / pieces)
  })
  const places = op.Split(op.Unsqueeze(words, op.ints([1])), op.ints(sizes), { axis: 0 })
  const updates = op.Split(dx, op.ints(sizes), { axis: 0 })
  const zeros = op.ConstantOfShape(op.ints([...shape]), { value: tensorOf('float32', [0]) })
  return places.reduce<Float>((sum, at, i) => addRows(op, sum, at, updates[i] as Float), zeros as Float)
}

/** ONNX's `ScatterND` with reduction `add`, which the builder does not have. */
function addRows({ graph }: Builder, sum: Float, at: Value<'int64'>, updates: Float): Float {
  const result = new Value(graph.uniqueName('scattered'), 'float32', sum.shape)
  graph.nodes.push({
    opType: 'ScatterND',
    domain: '',
    name: graph.uniqueName('scatter'),
    inputs: [sum, at, updates],
    outputs: [result],
    attributes: { reduction: 'add' },
  })
  return result
}

export function bilstm(task: Task, rows: Rows): Program {
  const [embeddings, kf, rf, bf, kb, rb, bb, d0, c0, d1, c1] = task.weights as StartWeight[] as [
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
  ]
  const plain = (weight: StartWeight): Tensor => tensorOf('float32', startOf(weight), weight.shape)
  const gated = (weight: StartWeight): Tensor => tensorOf('float32', regated(weight), weight.shape)
  const [units, gates] = rf.shape as [number, number]
  const both = new Float32Array(2 * units * gates)
  both.set(regated(rf))
  both.set(regated(rb), units * gates)
  const state = withMoments({
    embeddings: plain(embeddings),
    kf: gated(kf),
    bf: gated(bf),
    kb: gated(kb),
    bb: gated(bb),
    recurrent: tensorOf('float32', both, [2, units, gates]),
    d0: plain(d0),
    c0: plain(c0),
    d1: plain(d1),
    c1: plain(c1),
  })
  const x = tensorOf('float32', rows.x, [task.rows, ...task.inputShape])
  const y = tensorOf('float32', rows.y, [task.rows, 1])
  const { batch } = task

  const bytes = buildEpoch(task, { x, y, state }, (step) => {
    const { op, y: target } = step
    const w = step.state as Readonly<
      Record<'embeddings' | 'kf' | 'bf' | 'kb' | 'bb' | 'recurrent' | 'd0' | 'c0' | 'd1' | 'c1', Float>
    >
    const reshape = (value: Float, dims: readonly number[]) => op.Reshape(value, op.ints(dims))
    const swap = (value: Float) => op.Transpose(value, { perm: [1, 0, 2] })
    const overRows = (value: Float) => op.ReduceSum(value, op.ints([0]), { keepdims: 0 })
    const words = op.Reshape(op.Cast(op.Transpose(step.x, { perm: [1, 0] }), { to: 'int64' }), op.ints([-1]))
    const features = op.Gather(w.embeddings, words, { axis: 0 })
    const zero = op.ConstantOfShape(op.ints([2, batch, units]), { value: tensorOf('float32', [0]) }) as Float
    const project = (kernel: Float, bias: Float) => reshape(op.Gemm(features, kernel, bias, {}), [-1, 1, batch, gates])
    const states = forward(op, project(w.kf, w.bf), project(w.kb, w.bb), w.recurrent, zero)
    const h = reshape(swap(states.last), [-1, 2 * units])
    const hidden = op.Relu(op.Gemm(h, w.d0, w.c0, {}))
    const z = op.Gemm(hidden, w.d1, w.c1, {})
    const loss = op.ReduceMean(op.Sub(op.Softplus(z), op.Mul(z, target)), null, { keepdims: 0 })

    const dz = op.Mul(op.Sub(op.Sigmoid(z), target), op.scalar(1 / batch, z))
    const dHidden = op.Mul(op.Gemm(dz, w.d1, null, { transB: 1 }), positive(op, hidden))
    const dh = swap(reshape(op.Gemm(dHidden, w.d0, null, { transB: 1 }), [-1, 2, units]))
    const ends = backward(op, states.factors, w.recurrent, zero, dh).map((gradient) => reshape(gradient, [-1, gates]))
    const [df, db] = ends as [Float, Float]
    const recurrentOf = (previous: Float, gradient: Float) =>
      reshape(op.Gemm(reshape(previous, [-1, units]), gradient, null, { transA: 1 }), [1, units, gates])
    const dFeatures = op.Gemm(db, w.kb, op.Gemm(df, w.kf, null, { transB: 1 }), { transB: 1 })
    const recurrent = [recurrentOf(states.previous[0], df), recurrentOf(states.previous[1], db)]
    const gradients = {
      embeddings: scatter(op, words, dFeatures, embeddings.shape),
      kf: op.Gemm(features, df, null, { transA: 1 }),
      bf: overRows(df),
      kb: op.Gemm(features, db, null, { transA: 1 }),
      bb: overRows(db),
      recurrent: op.Concat(recurrent, { axis: 0 }),
      d0: op.Gemm(h, dHidden, null, { transA: 1 }),
      c0: overRows(dHidden),
      d1: op.Gemm(hidden, dz, null, { transA: 1 }),
      c1: overRows(dz),
    }
    const updated = Object.entries(gradients).map(([name, gradient]) => adamUpdate(step, name, gradient))
    return { state: Object.assign({}, ...updated), loss }
  })
  return { bytes, state, x, y, gradientScale: 1 }
}
