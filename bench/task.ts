/** The work of one row of a table, as a peer's process receives it: JSON, and nothing else is shared. */
import { parseDefinition } from '../src/nn/definition.ts'
import { buildModel } from '../src/nn/model.ts'
import { deriveKey } from '../src/random.ts'
import type { DataKind, LayerJson, Optimizer, Workload } from './workloads/workload.ts'

/** A weight to start from: uniform numbers of a key in [-limit, limit), in Keras' order and layout. */
export interface StartWeight {
  readonly name: string
  readonly shape: readonly number[]
  readonly limit: number
  readonly key: number
}

export interface Task {
  readonly network: Workload['network']
  readonly layers: readonly LayerJson[]
  readonly weights: readonly StartWeight[]
  readonly loss: Workload['loss']
  readonly optimizer: Optimizer
  readonly batch: number
  /** Steps of an epoch, which takes the rows in their order. */
  readonly steps: number
  readonly rows: number
  /** Of one row of x. */
  readonly inputShape: readonly number[]
  /** What x and y are made of; `key` is of their random numbers. */
  readonly data: DataKind & { readonly key: number }
  readonly threads: number
  /** Threads up to those, as many as a peer finds best: all are given all processors. */
  readonly choosesThreads: boolean
}

/** The task of a workload. */
export function taskOf({ title: _, alone: __, ...workload }: Workload, threads: number): Task {
  const model = buildModel(parseDefinition({ layers: workload.layers }))
  return {
    ...workload,
    weights: model.weights.map(({ name, shape }) => ({
      name,
      shape,
      limit: limitOf(name, shape),
      key: deriveKey('bench', name),
    })),
    rows: workload.steps * workload.batch,
    inputShape: model.inputs[0]?.shape ?? [],
    data: { ...workload.data, key: deriveKey('bench', 'data') },
    threads,
    choosesThreads: false,
  }
}

/** As Keras starts kernels (Glorot) and embeddings; biases from zero. */
function limitOf(name: string, shape: readonly number[]): number {
  if (name.endsWith('bias')) return 0
  if (name.endsWith('embeddings')) return 0.05
  const [made = 1, given = 1, ...field] = [...shape].reverse()
  return Math.sqrt(6 / ((given + made) * field.reduce((size, length) => size * length, 1)))
}
