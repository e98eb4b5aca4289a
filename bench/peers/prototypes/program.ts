/** A hand-written training program of one epoch, and how it is run: what the four prototypes share. */
import { type Builder, createBuilder } from '../../../src/onnx/builder.ts'
import { toBytes } from '../../../src/onnx/codec.ts'
import { Graph } from '../../../src/onnx/graph.ts'
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import type { Value } from '../../../src/onnx/value.ts'
import { openSession } from '../../../src/runtime/session.ts'
import type { Task } from '../../task.ts'
import type { Trainer } from '../serve.ts'

export type Float = Value<'float32'>

/** The epoch as a model: inputs `x`, `y`, `order`, `rates`, `epsilons` and the state; outputs the state in its order and the losses. */
export interface Program {
  readonly bytes: Uint8Array
  /** By the names of the state's inputs. */
  readonly state: Readonly<Record<string, Tensor>>
  readonly x: Tensor
  readonly y: Tensor
  /** How many times the true gradient the program's is: the batch where it is of the summed loss. */
  readonly gradientScale: number
}

export const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-7]

/**
 * Adam with the state M = β1·M + g, V = β2·V + g²: all other factors go into two numbers a step. Of SGD, `rates` has the
 * negative rate.
 */
function ratesFrom({ optimizer, steps }: Task, before: number, scale: number): { rates: Tensor; epsilons: Tensor } {
  const rate = (i: number) => {
    if (optimizer.name === 'sgd') return -optimizer.learning_rate / scale
    const step = before + i + 1
    const corrected = Math.sqrt(1 - beta2 ** step) / (1 - beta1 ** step)
    return (-optimizer.learning_rate * corrected * (1 - beta1)) / Math.sqrt(1 - beta2)
  }
  const rates = Float32Array.from({ length: steps }, (_, i) => rate(i))
  const epsilons = new Float32Array(steps).fill((epsilon * scale) / Math.sqrt(1 - beta2))
  return { rates: tensorOf('float32', rates, [steps, 1, 1]), epsilons: tensorOf('float32', epsilons) }
}

/** Opens the program; it trains whole epochs, the rows in their order. */
export async function openProgram(task: Task, program: Program): Promise<Trainer> {
  const { steps, batch, rows, threads } = task
  const session = await openSession(program.bytes, { threads })
  const { x, y, gradientScale } = program
  const order = tensorOf(
    'int64',
    Array.from({ length: rows }, (_, i) => i),
    [steps, batch],
  )
  let state = program.state
  let step = 0
  const epoch = async () => {
    const results = await session.run({ x, y, order, ...ratesFrom(task, step, gradientScale), ...state })
    const outputs = session.outputNames.map((name) => results[name] as Tensor)
    state = Object.fromEntries(Object.keys(state).map((name, i) => [name, outputs[i] as Tensor]))
    step += steps
    const losses = outputs.at(-1)?.data as Float32Array
    return losses.reduce((sum, loss) => sum + loss, 0) / steps
  }
  return {
    unit: steps,
    train: async (wanted) => {
      let sum = 0
      for (let trained = 0; trained < wanted; trained += steps) sum += await epoch()
      return sum / (wanted / steps)
    },
  }
}

/** What the body of the scan is given. */
export interface Step {
  readonly op: Builder
  readonly x: Float
  readonly y: Float
  /** [1, 1] */
  readonly rate: Float
  /** [] */
  readonly epsilon: Float
  readonly state: Readonly<Record<string, Float>>
}

/** An epoch whose step gathers its rows of x and y and gives the new state and its loss. */
export function buildEpoch(
  { steps, batch }: Task,
  { x, y, state }: Pick<Program, 'x' | 'y' | 'state'>,
  step: (given: Step) => { state: Readonly<Record<string, Float>>; loss: Float },
): Uint8Array {
  const main = Graph.create('epoch')
  const all = { x: main.input('x', 'float32', x.dims), y: main.input('y', 'float32', y.dims) }
  const order = main.input('order', 'int64', [steps, batch])
  const rates = main.input('rates', 'float32', [steps, 1, 1])
  const epsilons = main.input('epsilons', 'float32', [steps])
  const entries = Object.entries(state)
  const inputs = entries.map(([name, { dims }]) => main.input(name, 'float32', dims))

  const body = main.subgraph('step')
  const op = createBuilder(body)
  const before = Object.fromEntries(
    entries.map(([name, { dims }]) => [name, body.bodyInput(name, 'float32', dims)] as const),
  )
  const rate = body.bodyInput('rate', 'float32', [1, 1])
  const scaledEpsilon = body.bodyInput('epsilon', 'float32', [])
  const rows = body.bodyInput('rows', 'int64', [batch])
  const given = { op, rate, epsilon: scaledEpsilon, state: before }
  const gathered = { x: op.Gather(all.x, rows, { axis: 0 }), y: op.Gather(all.y, rows, { axis: 0 }) }
  const after = step({ ...given, ...gathered })
  for (const [name] of entries) body.output(after.state[name] as Float)
  body.output(after.loss)

  const outputs = createBuilder(main).Scan([...inputs, rates, epsilons, order], { body, num_scan_inputs: 3 })
  for (const output of outputs) main.output(output)
  return toBytes(main)
}

/** Adam of one weight, whose state is `w`, `m/w` and `v/w`. */
export function adamUpdate({ op, state, rate, epsilon: least }: Step, name: string, gradient: Float) {
  const [weight, m0, v0] = [name, `m/${name}`, `v/${name}`].map((key) => state[key]) as [Float, Float, Float]
  const m = op.Add(op.Mul(m0, op.scalar(beta1, m0)), gradient)
  const v = op.Add(op.Mul(v0, op.scalar(beta2, v0)), op.Mul(gradient, gradient))
  const step = op.Div(m, op.Add(op.Sqrt(v), least))
  const factor = op.Reshape(rate, op.ints([]))
  return { [name]: op.Add(weight, op.Mul(step, factor)), [`m/${name}`]: m, [`v/${name}`]: v }
}

/** Weights with Adam's two moments. */
export function withMoments(weights: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const zeros = ({ dims, data }: Tensor) => tensorOf('float32', new Float32Array(data.length), dims)
  return Object.fromEntries(
    Object.entries(weights).flatMap(([name, weight]) => [
      [name, weight],
      [`m/${name}`, zeros(weight)],
      [`v/${name}`, zeros(weight)],
    ]),
  )
}

/** 1 where the number is positive: what the gradient of a relu is multiplied by. */
export const positive = (op: Builder, x: Float) => op.HardSigmoid(x, { alpha: 3e38, beta: 0 })

/** Classes as rows of zeros and a one. */
export function oneHot(labels: Float32Array, classes: number): Tensor {
  const y = new Float32Array(labels.length * classes)
  labels.forEach((label, row) => {
    y[row * classes + label] = 1
  })
  return tensorOf('float32', y, [labels.length, classes])
}

/** Rows with channels first: [rows, channels, height, width]. */
export function channelsFirst(task: Task, x: Float32Array): Tensor {
  const [height = 1, width = 1, channels = 1] = task.inputShape
  const places = height * width
  const moved = new Float32Array(x.length)
  for (let row = 0; row < task.rows; row++) {
    for (let channel = 0; channel < channels; channel++) {
      const at = (row * channels + channel) * places
      for (let place = 0; place < places; place++) {
        moved[at + place] = x[(row * places + place) * channels + channel] as number
      }
    }
  }
  return tensorOf('float32', moved, [task.rows, channels, height, width])
}
