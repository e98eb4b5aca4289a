/** Steps of a training with TensorFlow.js: forward and backward by its layers, the update by Keras' formulas. */
import type * as Tf from '@tensorflow/tfjs'
import { Problem } from '../errors.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import { scalarsOf, slotsOf } from '../nn/optimizers/apply.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { type LearningRate, learningRateAt } from '../nn/schedules/index.ts'
import type { NamedTensor } from '../onnx/safetensors.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import type { Backend, TensorFlow } from './backend.ts'
import { buildNetwork, type Network } from './layers.ts'
import { lossPerSample } from './losses.ts'
import { updateWeight } from './optimizers.ts'

/** Weights by name; slots by their own name, then by that of the weight. */
export interface State {
  readonly weights: ReadonlyMap<string, NamedTensor>
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, NamedTensor>>
}

export interface StepSettings {
  readonly model: Model
  readonly loss: NamedConfig
  readonly optimizer: OptimizerConfig
  readonly data: {
    readonly rows: number
    readonly x: Tensor
    readonly y: Tensor
    readonly weights?: Float32Array | null
  }
  readonly initial: State
}

export interface Steps {
  /**
   * Trains `order.length / batch` steps on the rows that `order` names. `step` counts those before.
   * @throws {Problem} engine_failed
   * @returns the loss of each step (penalties included) and the outputs in training mode, [steps, batch, …units]
   */
  run(
    order: Int32Array,
    batch: number,
    step: number,
    learningRate?: LearningRate,
  ): Promise<{ losses: Float32Array; predictions: Float32Array }>
  /** A copy of weights and slots. */
  snapshot(): State
  close(): Promise<void>
}

/** A trainer that starts from a state; slots that it lacks start from the optimizer's own values. */
export function openSteps({ tf }: Backend, settings: StepSettings): Steps {
  const { model, optimizer } = settings
  const network = buildNetwork(tf, model)
  for (const [name, variable] of network.variables) assign(tf, variable, settings.initial.weights.get(name), name)
  const trained = model.weights.filter(({ trainable }) => trainable).map(({ name }) => name)
  const slots = openSlots(tf, settings, network, trained)
  const unitsPerRow = elementCount(model.outputs[0]?.shape ?? [])
  return {
    run: async (order, batch, step, learningRate = optimizer.learning_rate) => {
      const losses = new Float32Array(order.length / batch)
      const predictions = new Float32Array(order.length * unitsPerRow)
      for (let i = 0; i < losses.length; i++) {
        const rows = order.subarray(i * batch, (i + 1) * batch)
        const rate = learningRateAt(learningRate, step + i)
        const scalars = scalarsOf(optimizer, step + i, rate)
        const done = orEngineFailed(() =>
          tf.tidy(() => takeStep({ tf, settings, network, trained, slots }, rows, scalars)),
        )
        losses[i] = done.loss
        predictions.set(done.predictions, i * batch * unitsPerRow)
      }
      return { losses, predictions }
    },
    snapshot: () => ({
      weights: copyOf(network.variables),
      slots: new Map([...slots].map(([name, values]) => [name, copyOf(values)])),
    }),
    close: async () => {
      network.dispose()
      for (const values of slots.values()) tf.dispose([...values.values()])
    },
  }
}

/** @throws {Problem} engine_failed with TensorFlow.js' reason */
function orEngineFailed<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Problem('engine_failed', `TensorFlow.js: ${reason}`, { cause: error })
  }
}

type Slots = ReadonlyMap<string, ReadonlyMap<string, Tf.Variable>>

function openSlots(tf: TensorFlow, { optimizer, initial }: StepSettings, network: Network, trained: string[]): Slots {
  return new Map(
    Object.entries(slotsOf(optimizer)).map(([slot, value]) => {
      const variables = trained.map((name) => {
        const { shape } = variableNamed(network, name)
        const kept = initial.slots.get(slot)?.get(name)
        // inside of tidy only the variable stays
        const create = () => tf.variable(kept ? tf.tensor(kept.data, shape) : tf.fill(shape, value), false)
        return [name, tf.tidy(create)] as const
      })
      return [slot, new Map(variables)]
    }),
  )
}

interface Running {
  readonly tf: TensorFlow
  readonly settings: StepSettings
  readonly network: Network
  readonly trained: readonly string[]
  readonly slots: Slots
}

function takeStep(running: Running, rows: Int32Array, scalars: Readonly<Record<string, number>>) {
  const { tf, settings, network, trained, slots } = running
  const { data, optimizer } = settings
  const [x, y] = [gather(tf, data.x, rows), gather(tf, data.y, rows)]
  const rowWeights = data.weights && tf.tensor1d(Float32Array.from(rows, (row) => data.weights?.[row] ?? 1))
  const outputs: Tf.Tensor[] = []
  const variables = trained.map((name) => variableNamed(network, name))
  const { value, grads } = tf.variableGrads(() => {
    const yPred = network.call(x, true)
    outputs.push(tf.keep(yPred))
    const perSample = lossPerSample(tf, settings.loss, y, yPred)
    const mean = tf.mean(rowWeights ? tf.mul(perSample, rowWeights) : perSample)
    return tf.add(mean, penaltyOf(running)) as Tf.Scalar
  }, variables)
  for (const [i, name] of trained.entries()) {
    const weight = variables[i] as Tf.Variable
    const own = [...slots].map(([slot, values]) => [slot, values.get(name) as Tf.Variable] as const)
    const gradient = grads[weight.name] as Tf.Tensor
    const next = updateWeight(optimizer, { tf, weight, gradient, slots: Object.fromEntries(own), scalars })
    weight.assign(next.weight)
    for (const [slot, variable] of own) variable.assign(next.slots[slot] as Tf.Tensor)
  }
  const predictions = outputs.map((output) => output.dataSync() as Float32Array)[0] ?? new Float32Array()
  tf.dispose(outputs)
  return { loss: value.dataSync()[0] ?? Number.NaN, predictions }
}

/** All regularizers have these numbers, or one of them. */
type Penalty = NamedConfig & { readonly l1?: number; readonly l2?: number }

/** l1 · Σ|w| + l2 · Σw² of the weights that have a regularizer. */
function penaltyOf({ tf, settings, network }: Running): Tf.Tensor {
  let sum: Tf.Tensor = tf.scalar(0)
  for (const { name, regularizer } of settings.model.weights) {
    if (!regularizer) continue
    const { l1 = 0, l2 = 0 } = regularizer as Penalty
    const weight = variableNamed(network, name)
    if (l1 > 0) sum = tf.add(sum, tf.mul(tf.sum(tf.abs(weight)), l1))
    if (l2 > 0) sum = tf.add(sum, tf.mul(tf.sum(tf.square(weight)), l2))
  }
  return sum
}

function variableNamed({ variables }: Network, name: string): Tf.Variable {
  const variable = variables.get(name)
  if (!variable) throw new Error(`TensorFlow.js has no weight ${name}`)
  return variable
}

function assign(tf: TensorFlow, variable: Tf.Variable, given: NamedTensor | undefined, name: string): void {
  if (!given) throw new Error(`the weight ${name} is missing`)
  tf.tidy(() => variable.assign(tf.tensor(given.data, variable.shape)))
}

function copyOf(variables: ReadonlyMap<string, Tf.Variable>): Map<string, NamedTensor> {
  return new Map(
    [...variables].map(([name, variable]) => [
      name,
      { shape: [...variable.shape], data: Float32Array.from(variable.dataSync()) },
    ]),
  )
}

/** The rows that are named, one after the other. */
function gather(tf: TensorFlow, { type, dims, data }: Tensor, rows: Int32Array): Tf.Tensor {
  const shape = dims.slice(1)
  const size = elementCount(shape)
  const isWhole = type === 'int32'
  const values = isWhole ? new Int32Array(rows.length * size) : new Float32Array(rows.length * size)
  const source = data as Float32Array | Int32Array // x and y are numbers
  for (const [i, row] of rows.entries()) values.set(source.subarray(row * size, (row + 1) * size), i * size)
  return tf.tensor(values, [rows.length, ...shape], isWhole ? 'int32' : 'float32')
}
