/**
 * The prototype as a peer: the hand-written training program for one fixed network, against which the compiler is
 * measured. The whole epoch is one `Scan` that gathers its batches inside the graph; large weights stay alone, small ones
 * share one vector; Adam's factors are folded into two numbers a step; the gradient is the one of the summed loss.
 * It handles no short last batch, no other loss and no other optimizer, and shares only graph and session with the engine.
 */
import { type Builder, createBuilder } from '../../src/onnx/builder.ts'
import { toBytes } from '../../src/onnx/codec.ts'
import { Graph } from '../../src/onnx/graph.ts'
import { elementCount, type Tensor, tensorOf } from '../../src/onnx/tensor.ts'
import type { Value } from '../../src/onnx/value.ts'
import { createRandom, deriveKey, permutation } from '../../src/random.ts'
import { openSession } from '../../src/runtime/session.ts'
import { learningRate, syntheticData, type Task } from '../task.ts'
import { servePeer, type Trainer } from './serve.ts'

type Float = Value<'float32'>
interface Weight {
  readonly name: string
  readonly dims: readonly number[]
  readonly size: number
}
/** Weights whose optimizer state is one vector, updated by one chain of nodes. */
interface Group {
  readonly id: string
  readonly members: readonly Weight[]
  readonly size: number
}

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-7]

function weightsOf(widths: readonly number[]): Weight[] {
  return widths.slice(1).flatMap((units, layer) =>
    [
      { name: `kernel${layer}`, dims: [widths[layer] as number, units] },
      { name: `bias${layer}`, dims: [1, units] },
    ].map((weight) => ({ ...weight, size: elementCount(weight.dims) })),
  )
}

function groupsOf(weights: readonly Weight[]): Group[] {
  const large = weights.filter(({ size }) => size >= 16384).map((weight) => [weight])
  const small = weights.filter(({ size }) => size < 16384)
  return [...large, small].map((members, i) => ({
    id: `${i}`,
    members,
    size: members.reduce((sum, { size }) => sum + size, 0),
  }))
}

/** Names of a group's state: the weights, and Adam's two moments. */
const stateNames = (group: Group) => [`w${group.id}`, `m${group.id}`, `v${group.id}`] as const

/** The network's forward and backward pass by hand: gradients of the summed cross-entropy, as vectors [1, size]. */
function differentiate(op: Builder, layers: number, x: Float, y: Float, weight: Record<string, Float>) {
  const flat = (value: Float) => op.Reshape(value, op.ints([1, -1]))
  const activations = [x]
  for (let layer = 0; layer < layers; layer++) {
    const [input, kernel, bias] = [activations[layer], weight[`kernel${layer}`], weight[`bias${layer}`]] as Float[]
    const z = op.Gemm(input as Float, kernel as Float, bias as Float, {})
    activations.push(layer < layers - 1 ? op.Relu(z) : z)
  }
  const logits = activations[layers] as Float
  const gradients: Record<string, Float> = {}
  let d = op.Sub(op.Softmax(logits, { axis: -1 }), y)
  for (let layer = layers - 1; layer >= 0; layer--) {
    const input = activations[layer] as Float
    gradients[`kernel${layer}`] = flat(op.Gemm(input, d, null, { transA: 1 }))
    gradients[`bias${layer}`] = op.ReduceSum(d, op.ints([0]), { keepdims: 1 })
    if (layer === 0) break
    const positive = op.HardSigmoid(input, { alpha: 3e38, beta: 0 })
    d = op.Mul(op.Gemm(d, weight[`kernel${layer}`] as Float, null, { transB: 1 }), positive)
  }
  return { logits, gradients }
}

/** One step: the body of the Scan. */
function buildStep(main: Graph, { widths, batch }: Task, groups: readonly Group[], allRows: Float): Graph {
  const graph = main.subgraph('step')
  const op = createBuilder(graph)
  const state = Object.fromEntries(
    groups.flatMap((group) => stateNames(group).map((name) => [name, graph.input(name, 'float32', [1, group.size])])),
  )
  const rate = graph.input('rate', 'float32', [1, 1])
  const scaledEpsilon = graph.input('epsilon', 'float32', [])
  const rows = graph.input('rows', 'int64', [batch])
  const y = graph.input('y', 'float32', [batch, widths.at(-1) as number])

  const weight: Record<string, Float> = {}
  for (const group of groups) {
    const whole = state[`w${group.id}`] as Float
    const sizes = group.members.map(({ size }) => size)
    const parts = sizes.length > 1 ? op.Split(whole, op.ints(sizes), { axis: 1 }) : [whole]
    group.members.forEach(({ name, dims }, i) => {
      weight[name] = name.startsWith('kernel') ? op.Reshape(parts[i] as Float, op.ints(dims)) : (parts[i] as Float)
    })
  }
  const x = op.Gather(allRows, rows, { axis: 0 })
  const { logits, gradients } = differentiate(op, widths.length - 1, x, y, weight)
  for (const group of groups) updateByAdam(op, group, gradients, state, rate, scaledEpsilon)
  graph.output(logits)
  return graph
}

/** Adam with the state M = β1·M + g, V = β2·V + g² of the summed gradient; the other factors are in rate and epsilon. */
function updateByAdam(
  op: Builder,
  { id, members }: Group,
  gradients: Record<string, Float>,
  state: Record<string, Float>,
  rate: Float,
  scaledEpsilon: Float,
): void {
  const parts = members.map(({ name }) => gradients[name] as Float)
  const gradient = parts.length > 1 ? op.Concat(parts, { axis: 1 }) : (parts[0] as Float)
  // a·x + y in one pass, where a is [1, 1] and x and y are [1, size]
  const axpy = (a: Float, x: Float, y: Float) => op.Gemm(a, x, y, {})
  const factor = (value: number) => op.constant(tensorOf('float32', [value], [1, 1]))
  const m = axpy(factor(beta1), state[`m${id}`] as Float, gradient)
  const v = axpy(factor(beta2), state[`v${id}`] as Float, op.Mul(gradient, gradient))
  const step = op.Div(m, op.Add(op.Sqrt(v), scaledEpsilon))
  for (const value of [axpy(rate, step, state[`w${id}`] as Float), m, v]) op.graph.output(value)
}

/** The epoch: Scan over its steps, and the mean loss of each. */
function buildEpoch(task: Task, groups: readonly Group[]): Uint8Array {
  const { widths, batch, samples } = task
  const [features, classes, steps] = [widths[0] as number, widths.at(-1) as number, Math.floor(samples / batch)]
  const graph = Graph.create('epoch')
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', [samples, features])
  const y = graph.input('labels', 'float32', [samples, classes])
  const order = graph.input('order', 'int64', [steps, batch])
  const rates = graph.input('rates', 'float32', [steps, 1, 1])
  const epsilons = graph.input('epsilons', 'float32', [steps])
  const state = groups.flatMap((group) =>
    stateNames(group).map((name) => graph.input(`${name}_in`, 'float32', [1, group.size])),
  )
  const ordered = op.Gather(y, order, { axis: 0 })
  const body = buildStep(graph, task, groups, x)
  const outputs = op.Scan([...state, rates, epsilons, order, ordered], { body, num_scan_inputs: 4 }) as Float[]
  for (const output of outputs.slice(0, -1)) graph.output(output)
  const logits = outputs.at(-1) as Float
  const picked = op.ReduceSum(op.Mul(op.LogSoftmax(logits, { axis: -1 }), ordered), op.ints([2]), { keepdims: 0 })
  graph.output(op.Neg(op.ReduceMean(picked, op.ints([1]), { keepdims: 0 })))
  return toBytes(graph)
}

function initialState(groups: readonly Group[]): Record<string, Tensor> {
  const random = createRandom(deriveKey('bench', 'weights'))
  return Object.fromEntries(
    groups.flatMap((group) => {
      const weights = group.members.flatMap(({ name, dims, size }) => {
        const limit = name.startsWith('kernel') ? Math.sqrt(6 / ((dims[0] as number) + (dims[1] as number))) : 0
        return Array.from({ length: size }, () => (random.uniform() * 2 - 1) * limit)
      })
      const zeros = new Float32Array(group.size)
      const values = [weights, zeros, zeros]
      return stateNames(group).map((name, i) => [
        `${name}_in`,
        tensorOf('float32', values[i] ?? zeros, [1, group.size]),
      ])
    }),
  )
}

function oneHot(labels: Int32Array, classes: number): Float32Array {
  const y = new Float32Array(labels.length * classes)
  labels.forEach((label, row) => {
    y[row * classes + label] = 1
  })
  return y
}

async function open(task: Task): Promise<Trainer> {
  const { widths, batch, samples, threads } = task
  const [features, classes, steps] = [widths[0] as number, widths.at(-1) as number, Math.floor(samples / batch)]
  const groups = groupsOf(weightsOf(widths))
  const session = await openSession(buildEpoch(task, groups), { threads })
  const data = syntheticData(task)
  const x = tensorOf('float32', data.x, [samples, features])
  const labels = tensorOf('float32', oneHot(data.labels, classes), [samples, classes])
  const epsilons = tensorOf('float32', new Float32Array(steps).fill((epsilon * batch) / Math.sqrt(1 - beta2)))
  const random = createRandom(deriveKey('bench', 'order'))
  let state = initialState(groups)
  let step = 0
  const rate = () => {
    step++
    const corrected = Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step)
    return (-learningRate * corrected * (1 - beta1)) / Math.sqrt(1 - beta2)
  }
  const train = async () => {
    const order = tensorOf('int64', permutation(samples, random).subarray(0, steps * batch), [steps, batch])
    const rates = tensorOf('float32', Float32Array.from({ length: steps }, rate), [steps, 1, 1])
    const results = await session.run({ x, labels, order, rates, epsilons, ...state })
    const outputs = session.outputNames.map((name) => results[name] as Tensor)
    state = Object.fromEntries(Object.keys(state).map((name, i) => [name, outputs[i] as Tensor]))
    return { steps, loss: Number(outputs.at(-1)?.data.at(-1)) }
  }
  return { label: 'prototype', train }
}

await servePeer(open)
