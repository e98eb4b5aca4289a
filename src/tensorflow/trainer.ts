/** Steps of a training with TensorFlow.js: forward and backward by its layers and operators, the update by Keras' formulas. */
import type * as Tf from '@tensorflow/tfjs'
import { Problem } from '../errors.ts'
import type { Model } from '../nn/model.ts'
import type { NamedConfig } from '../nn/named.ts'
import { scalarsOf, slotsOf } from '../nn/optimizers/apply.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { type LearningRate, learningRateAt } from '../nn/schedules/index.ts'
import type { NamedTensor } from '../onnx/safetensors.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import { applyGradients } from './apply.ts'
import type { Backend, TensorFlow } from './backend.ts'
import { buildNetwork, type Network } from './network.ts'
import { drawsOf } from './noise.ts'
import { type LearnedOutput, type Objective, objectiveOf } from './objective.ts'
import { type RunResult, type StepResult, sequencesOf } from './results.ts'

/** Weights by name; slots by their own name, then by that of the weight. */
export interface State {
  readonly weights: ReadonlyMap<string, NamedTensor>
  readonly slots: ReadonlyMap<string, ReadonlyMap<string, NamedTensor>>
}

export interface StepSettings {
  readonly model: Model
  /** Of the model's output, or of the first of several. */
  readonly loss: NamedConfig
  /** Of a model that learns several outputs: each of them. */
  readonly outputs?: readonly LearnedOutput[]
  readonly optimizer: OptimizerConfig
  readonly seed: number
  readonly data: {
    readonly rows: number
    readonly x: Tensor
    readonly otherInputs?: readonly Tensor[]
    readonly y: Tensor
    readonly otherTargets?: readonly Tensor[]
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
  run(order: Int32Array, batch: number, step: number, learningRate?: LearningRate): Promise<RunResult>
  /** A copy of weights and slots. */
  snapshot(): State
  close(): Promise<void>
}

/** A trainer that starts from a state; slots that it lacks start from the optimizer's own values. */
export function openSteps({ tf }: Backend, settings: StepSettings): Steps {
  const { model, optimizer, seed } = settings
  const network = buildNetwork(tf, model)
  for (const [name, variable] of network.variables) assign(tf, variable, settings.initial.weights.get(name), name)
  const trained = model.weights.filter(({ trainable }) => trainable).map(({ name }) => name)
  const slots = openSlots(tf, settings, network, trained)
  const running: Running = { tf, settings, network, trained, slots }
  return {
    run: async (order, batch, step, learningRate = optimizer.learning_rate) => {
      const results: StepResult[] = []
      for (let i = 0; i < order.length / batch; i++) {
        const rows = order.subarray(i * batch, (i + 1) * batch)
        const scalars = scalarsOf(optimizer, step + i, learningRateAt(learningRate, step + i))
        const draw = drawsOf(seed, step + i)
        orEngineFailed(() =>
          tf.tidy(() => {
            results.push(takeStep(running, rows, scalars, draw))
          }),
        )
      }
      return sequencesOf(results, settings.outputs !== undefined)
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

function takeStep(
  running: Running,
  rows: Int32Array,
  scalars: Readonly<Record<string, number>>,
  draw: ReturnType<typeof drawsOf>,
): StepResult {
  const { tf, settings, network, trained, slots } = running
  const { data, optimizer, model, loss } = settings
  const inputs = [data.x, ...(data.otherInputs ?? [])].map((x) => gather(tf, x, rows))
  const targets = [data.y, ...(data.otherTargets ?? [])].map((y) => gather(tf, y, rows))
  const weightOf = data.weights
  const rowWeights = weightOf ? tf.tensor1d(Float32Array.from(rows, (row) => weightOf[row] ?? 1)) : null
  const variables = trained.map((name) => variableNamed(network, name))
  const updates = new Map<string, Tf.Tensor>()
  let objective: Objective | null = null
  const minimized = () => {
    const called = network.call(inputs, draw)
    for (const [name, value] of called.updates) updates.set(name, tf.keep(value))
    const outputs = settings.outputs ?? [{ loss, lossWeight: 1 }]
    objective = keptOf(tf, objectiveOf(tf, model, outputs, called, { targets, rowWeights }))
    return objective.total
  }
  const grads = gradientsOf(tf, minimized, variables)
  for (const [name, value] of updates) variableNamed(network, name).assign(value)
  const constraints = new Map(model.weights.map(({ name, constraint }) => [name, constraint]))
  const moved = trained.map((name, i) => {
    const weight = variables[i] as Tf.Variable
    const own = [...slots].map(([slot, values]) => [slot, values.get(name) as Tf.Variable] as const)
    const gradient = grads[weight.name] ?? tf.zerosLike(weight)
    return { weight, gradient, slots: Object.fromEntries(own), constraint: constraints.get(name) ?? null }
  })
  applyGradients(tf, moved, scalars, optimizer)
  const result = readResult(objective as Objective | null)
  tf.dispose([...updates.values()])
  return result
}

/** By the names of the variables; a model without trained ones is only called. */
function gradientsOf(tf: TensorFlow, minimized: () => Tf.Scalar, variables: Tf.Variable[]): Tf.NamedTensorMap {
  if (variables.length > 0) return tf.variableGrads(minimized, variables).grads
  minimized()
  return {}
}

/** Kept beyond the gradient's scope, until they are read. */
function keptOf(tf: TensorFlow, objective: Objective): Objective {
  const { total, losses, penalty, predictions, masks } = objective
  for (const tensor of [total, penalty, ...losses, ...predictions, ...masks]) if (tensor) tf.keep(tensor)
  return objective
}

/** Reads the numbers of a step and lets its tensors go. */
function readResult(objective: Objective | null): StepResult {
  if (!objective) throw new Error('nothing was minimized')
  const { total, losses, penalty, predictions, masks } = objective
  const numbersOf = (tensor: Tf.Tensor) => Float32Array.from(tensor.dataSync())
  const result = {
    loss: total.dataSync()[0] ?? Number.NaN,
    losses: losses.map((loss) => loss.dataSync()[0] ?? Number.NaN),
    penalty: penalty.dataSync()[0] ?? 0,
    predictions: predictions.map(numbersOf),
    masks: masks.map((mask) => mask && numbersOf(mask)),
  }
  for (const tensor of new Set([total, penalty, ...losses, ...predictions, ...masks])) tensor?.dispose()
  return result
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
