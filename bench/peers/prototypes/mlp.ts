/**
 * Dense layers by hand. Large weights stay alone, small ones share one vector, so that there is one chain of optimizer nodes
 * for each; the gradient is that of the summed loss; the losses of all steps are computed at once after the Scan.
 */
import { type Builder, createBuilder } from '../../../src/onnx/builder.ts'
import { toBytes } from '../../../src/onnx/codec.ts'
import { Graph } from '../../../src/onnx/graph.ts'
import { elementCount, type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import { type Rows, startOf } from '../../data.ts'
import type { StartWeight, Task } from '../../task.ts'
import { beta1, beta2, type Float, oneHot, type Program } from './program.ts'

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
const stateNames = ({ id }: Group, optimizer: 'adam' | 'sgd') =>
  optimizer === 'adam' ? [`w${id}`, `m${id}`, `v${id}`] : [`w${id}`]

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
function buildStep(main: Graph, task: Task, groups: readonly Group[], allRows: Float): Graph {
  const { batch, optimizer } = task
  const widths = widthsOf(task)
  const graph = main.subgraph('step')
  const op = createBuilder(graph)
  const state = Object.fromEntries(
    groups.flatMap((group) =>
      stateNames(group, optimizer.name).map((name) => [name, graph.input(name, 'float32', [1, group.size])]),
    ),
  )
  const rate = graph.input('rate', 'float32', [1, 1])
  const scaledEpsilon = graph.input('epsilon', 'float32', [])
  const rows = graph.input('rows', 'int64', [batch])
  const y = graph.input('targets', 'float32', [batch, widths.at(-1) as number])

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
  for (const { id, members } of groups) {
    const parts = members.map(({ name }) => gradients[name] as Float)
    const gradient = parts.length > 1 ? op.Concat(parts, { axis: 1 }) : (parts[0] as Float)
    const update = { id, gradient, state, rate, scaledEpsilon }
    for (const value of (optimizer.name === 'adam' ? byAdam : bySgd)(op, update)) op.graph.output(value)
  }
  graph.output(logits)
  return graph
}

interface Update {
  readonly id: string
  readonly gradient: Float
  readonly state: Readonly<Record<string, Float>>
  readonly rate: Float
  readonly scaledEpsilon: Float
}

/** a·x + y in one pass, where a is [1, 1] and x and y are [1, size]. */
const axpy = (op: Builder, a: Float, x: Float, y: Float) => op.Gemm(a, x, y, {})

const bySgd = (op: Builder, { id, gradient, state, rate }: Update) => [
  axpy(op, rate, gradient, state[`w${id}`] as Float),
]

function byAdam(op: Builder, { id, gradient, state, rate, scaledEpsilon }: Update): Float[] {
  const factor = (value: number) => op.constant(tensorOf('float32', [value], [1, 1]))
  const m = axpy(op, factor(beta1), state[`m${id}`] as Float, gradient)
  const v = axpy(op, factor(beta2), state[`v${id}`] as Float, op.Mul(gradient, gradient))
  const step = op.Div(m, op.Add(op.Sqrt(v), scaledEpsilon))
  return [axpy(op, rate, step, state[`w${id}`] as Float), m, v]
}

/** The epoch: Scan over its steps, and the mean loss of each. */
function epochBytes(task: Task, groups: readonly Group[], classes: number): Uint8Array {
  const { inputShape, batch, rows, steps, optimizer } = task
  const graph = Graph.create('epoch')
  const op = createBuilder(graph)
  const x = graph.input('x', 'float32', [rows, ...inputShape])
  const y = graph.input('y', 'float32', [rows, classes])
  const order = graph.input('order', 'int64', [steps, batch])
  const rates = graph.input('rates', 'float32', [steps, 1, 1])
  const epsilons = graph.input('epsilons', 'float32', [steps])
  const state = groups.flatMap((group) =>
    stateNames(group, optimizer.name).map((name) => graph.input(`${name}_in`, 'float32', [1, group.size])),
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

function initialState(groups: readonly Group[], { weights, optimizer }: Task): Record<string, Tensor> {
  const values = new Map(weights.map((weight, i) => [`${i % 2 === 0 ? 'kernel' : 'bias'}${Math.floor(i / 2)}`, weight]))
  const entries = groups.flatMap((group) => {
    const whole = group.members.flatMap(({ name }) => [...startOf(values.get(name) as StartWeight)])
    return stateNames(group, optimizer.name).map((name, i) => {
      return [
        `${name}_in`,
        tensorOf('float32', i === 0 ? whole : new Float32Array(group.size), [1, group.size]),
      ] as const
    })
  })
  return Object.fromEntries(entries)
}

const widthsOf = ({ inputShape, layers }: Task) => [
  inputShape[0] as number,
  ...layers.slice(1).map(({ units }) => Number(units)),
]

export function mlp(task: Task, rows: Rows): Program {
  const widths = widthsOf(task)
  const classes = widths.at(-1) as number
  const groups = groupsOf(weightsOf(widths))
  const { x, y } = rows
  return {
    bytes: epochBytes(task, groups, classes),
    state: initialState(groups, task),
    x: tensorOf('float32', x, [task.rows, ...task.inputShape]),
    y: oneHot(y, classes),
    gradientScale: task.batch,
  }
}
