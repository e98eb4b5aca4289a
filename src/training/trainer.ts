/** A training program in a session, with its state: weights and optimizer slots that each run moves on. */

import { scalarsOf } from '../nn/optimizers/apply.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import { type LearningRate, learningRateAt } from '../nn/schedules/index.ts'
import type { Shape } from '../onnx/dims.ts'
import type { NamedTensor } from '../onnx/safetensors.ts'
import { elementCount, type Tensor } from '../onnx/tensor.ts'
import type { Session } from '../runtime/session.ts'
import type { TrainingState } from './checkpoint.ts'
import { groupsOf, type Layout, pack, unpack } from './layout.ts'
import { inputFeed, targetFeed } from './model-graph.ts'
import type { TrainingProgram } from './program.ts'
import { type RunResult, resultOf } from './results.ts'
import { stepKey } from './uniform.ts'

/** The encoded rows of one part: `x` [rows, …features], `y` [rows, …target]. */
export interface PartData {
  readonly rows: number
  readonly x: Tensor
  /** What goes into the other inputs of a model that has several, in the model's order. */
  readonly otherInputs?: readonly Tensor[]
  readonly y: Tensor
  /** The targets of the other outputs of a model that learns several, in the model's order. */
  readonly otherTargets?: readonly Tensor[]
  /** What each row's loss is multiplied by; null or left out where all weigh 1. */
  readonly weights?: Float32Array | null
}

/** What goes into each input of the model, in the model's order. */
export function inputsOf({ x, otherInputs = [] }: PartData): readonly Tensor[] {
  return [x, ...otherInputs]
}

/** The target of each learned output, in the model's order. */
export function targetsOf({ y, otherTargets = [] }: PartData): readonly Tensor[] {
  return [y, ...otherTargets]
}

export interface Trainer {
  /**
   * Trains `order.length / batch` steps on the rows that `order` names, batch after batch. `step` counts the optimizer
   * steps before; `learningRate` stands in for the optimizer's own. The native call blocks this thread.
   * @throws {Problem} engine_failed
   */
  run(order: Int32Array, batch: number, step: number, learningRate?: LearningRate): Promise<RunResult>
  /** The weights by name, as they are fed to other programs. No copy: later runs write into them. */
  weights(): ReadonlyMap<string, Float32Array>
  /** A copy of weights and slots, by name. */
  snapshot(): Pick<TrainingState, 'weights' | 'slots'>
}

export interface TrainerSettings {
  readonly program: TrainingProgram
  readonly optimizer: OptimizerConfig
  readonly data: PartData
  readonly seed: number
  readonly initial: Pick<TrainingState, 'weights' | 'slots'>
}

/** The state to start from, in a session of the program; slots that `initial` lacks start from the optimizer's own values. */
export function createTrainer(session: Session, settings: TrainerSettings): Trainer {
  const { program, data, optimizer, seed } = settings
  const state = initialState(program, settings.initial)
  // what runs write their new state into: the state before the last run, which nobody reads any more
  const spare = new Map<string, Tensor>()
  const frozen = frozenFeeds(program.layout, settings.initial.weights)
  const vectors = () =>
    new Map(
      program.layout.map(({ id, kind }) => {
        const tensor = kind !== 'frozen' ? state.get(`state/${id}`) : frozen[`frozen/${id}`]
        return [id, tensor?.data as Float32Array]
      }),
    )
  return {
    run: async (order, batch, step, learningRate = optimizer.learning_rate) => {
      if (batch > (program.largestBatch ?? batch))
        throw new Error(`${batch} samples in a step for ${program.largestBatch}`)
      const steps = order.length / batch
      const feeds = {
        ...Object.fromEntries(state),
        ...frozen,
        ...Object.fromEntries(inputsOf(data).map((x, i) => [inputFeed(i), x])),
        ...Object.fromEntries(targetsOf(data).map((y, i) => [targetFeed(i), y])),
        ...(data.weights && {
          row_weights: { type: 'float32', dims: [data.rows], data: data.weights } satisfies Tensor,
        }),
        order: { type: 'int32', dims: [steps, batch], data: order } as const,
        inverse_batch: { type: 'float32', dims: [], data: Float32Array.of(1 / batch) } as const,
        keys: { type: 'uint32', dims: [steps], data: keysOf(program, seed, step, steps) } as const,
        ...scalarFeeds(program, { ...optimizer, learning_rate: learningRate }, step, steps),
      }
      const { outputNames } = session
      const into = program.state.map(({ name, dims, size }, i) => {
        const { data: room = new Float32Array(size) } = spare.get(name) ?? {}
        return [outputNames[i] as string, { type: 'float32', dims, data: room } as Tensor] as const
      })
      const room = program.resultShapes.flatMap((shape, i) => {
        const tensor = emptyTensor(shape, { steps, batch })
        return tensor ? [[outputNames[program.state.length + i] as string, tensor] as const] : []
      })
      const results = await session.run(feeds, new Map([...into, ...room]))
      const outputs = outputNames.map((name) => results[name] as Tensor)
      for (const [i, { name }] of program.state.entries()) {
        spare.set(name, state.get(name) as Tensor)
        state.set(name, outputs[i] as Tensor)
      }
      return resultOf(program.results, outputs.slice(program.state.length), targetsOf(data).length)
    },
    weights: () => unpack(program.layout, vectors()),
    snapshot: () => snapshot(program, state, vectors()),
  }
}

/** A tensor of a shape whose symbols have these lengths; null where it has others. */
function emptyTensor(shape: Shape, lengths: Readonly<Record<string, number>>): Tensor | null {
  const dims = shape.map((dim) => (typeof dim === 'number' ? dim : lengths[dim]))
  if (!dims.every((dim) => dim !== undefined)) return null
  return { type: 'float32', dims, data: new Float32Array(elementCount(dims)) }
}

function initialState(
  { layout, state }: TrainingProgram,
  { weights, slots }: Pick<TrainingState, 'weights' | 'slots'>,
): Map<string, Tensor> {
  const data = (tensors: ReadonlyMap<string, NamedTensor>) => new Map([...tensors].map(([name, t]) => [name, t.data]))
  const trained = groupsOf(layout, 'trained')
  const packed = pack(groupsOf(layout, 'trained', 'moving'), data(weights))
  return new Map(
    state.map(({ name, group, slot, initial, size, dims }) => {
      const given = slot === null ? null : slots.get(slot)
      const vector =
        slot === null
          ? packed.get(group)
          : given
            ? pack(
                trained.filter(({ id }) => id === group),
                data(given),
              ).get(group)
            : filled(size, initial)
      return [name, { type: 'float32', dims, data: vector as Float32Array } satisfies Tensor]
    }),
  )
}

/** Zeros are there already, and memory that nobody has written takes no time. */
function filled(size: number, value: number): Float32Array {
  const vector = new Float32Array(size)
  return value === 0 ? vector : vector.fill(value)
}

function frozenFeeds(layout: Layout, weights: ReadonlyMap<string, NamedTensor>): Record<string, Tensor> {
  const frozen = groupsOf(layout, 'frozen')
  const packed = pack(frozen, new Map([...weights].map(([name, { data }]) => [name, data])))
  return Object.fromEntries(
    frozen.map(({ id, size }) => [
      `frozen/${id}`,
      { type: 'float32', dims: [1, size], data: packed.get(id) as Float32Array } satisfies Tensor,
    ]),
  )
}

function keysOf({ needsKeys }: TrainingProgram, seed: number, step: number, steps: number): Uint32Array {
  return needsKeys ? Uint32Array.from({ length: steps }, (_, i) => stepKey(seed, step + i)) : new Uint32Array(steps)
}

/** The optimizer's numbers of every step of a run; the schedule's steps count batches from 0, as in Keras. */
function scalarFeeds(
  { scalars }: TrainingProgram,
  optimizer: OptimizerConfig,
  step: number,
  steps: number,
): Record<string, Tensor> {
  const columns = new Map(scalars.map((name) => [name, new Float32Array(steps)]))
  for (let i = 0; i < steps; i++) {
    const values = scalarsOf(optimizer, step + i, learningRateAt(optimizer.learning_rate, step + i))
    for (const [name, column] of columns) column[i] = values[name] as number
  }
  return Object.fromEntries(
    [...columns].map(([name, data]) => [`scalar/${name}`, { type: 'float32', dims: [steps, 1, 1], data }]),
  )
}

function snapshot(
  { layout, state }: TrainingProgram,
  current: ReadonlyMap<string, Tensor>,
  vectors: ReadonlyMap<string, Float32Array>,
): Pick<TrainingState, 'weights' | 'slots'> {
  const shapes = new Map(layout.flatMap(({ members }) => members.map(({ name, shape }) => [name, shape])))
  const named = (groups: Layout, values: ReadonlyMap<string, Float32Array>) =>
    new Map(
      [...unpack(groups, values)].map(([name, data]) => [name, { shape: shapes.get(name) ?? [], data: data.slice() }]),
    )
  const trained = groupsOf(layout, 'trained')
  const slotNames = [...new Set(state.flatMap(({ slot }) => (slot === null ? [] : [slot])))]
  const slots = slotNames.map((slot) => {
    const own = state.filter((entry) => entry.slot === slot)
    const values = new Map(own.map(({ name, group }) => [group, current.get(name)?.data as Float32Array]))
    return [slot, named(trained, values)] as const
  })
  return { weights: named(layout, vectors), slots: new Map(slots) }
}
