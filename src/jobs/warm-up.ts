/**
 * What a training process does until its first job comes: a training of its own, so small that it takes a fraction of a second.
 * Then the code of a training is compiled and ONNX Runtime is set up, and the first training of a user starts as the second would.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Config } from '../config.ts'
import { describeColumns } from '../data/columns.ts'
import type { Table } from '../data/table.ts'
import { encodePart } from '../planning/parts.ts'
import { type PlanInput, planTraining } from '../planning/plan.ts'
import type { QueueLog } from '../queue/log.ts'
import { exportModel } from '../training/export.ts'
import { evaluate, fit } from '../training/fit.ts'
import { fitSettings } from './train.ts'

export interface WarmUpContext {
  readonly config: Pick<Config, 'executionProviders'>
  readonly log: Pick<QueueLog, 'debug' | 'warn'>
  /** Aborted when a job comes: what is left of the warm-up is left out. */
  readonly signal: AbortSignal
}

const rows = 16
const range = Array.from({ length: rows }, (_, i) => i)

const table: Table = {
  rowCount: rows,
  columns: [
    { name: 'x', type: 'number', values: Float64Array.from(range) },
    { name: 'kind', type: 'category', codes: Int32Array.from(range, (i) => i % 2), categories: ['a', 'b'] },
    { name: 'class', type: 'category', codes: Int32Array.from(range, (i) => i % 3), categories: ['p', 'q', 'r'] },
  ],
}

const dense = {
  ...{
    type: 'Dense',
    use_bias: true,
    kernel_initializer: 'glorot_uniform',
    bias_initializer: 'zeros',
    trainable: true,
  },
  ...{ kernel_regularizer: null, bias_regularizer: null, activity_regularizer: null },
  ...{ kernel_constraint: null, bias_constraint: null },
}

type Layer = PlanInput['definition']['layers'][number]

/** As the API tells a definition back, every default filled in. */
const layers: readonly Layer[] = [
  { ...dense, units: 4, activation: 'relu' } as Layer,
  { ...dense, units: 3, activation: 'softmax' } as Layer, // a layer's interface names what all layers have
]

const request = {
  ...{ dataset: 'none', target: 'class', metrics: ['accuracy'], epochs: 1, batch_size: 4, seed: 1 },
  split: { train: 0.5, validation: 0.25, test: 0.25, stratify: false },
}

/** Never throws: a job that is broken here will say so itself. */
export async function warmUp({ config, log, signal }: WarmUpContext): Promise<void> {
  const began = performance.now()
  try {
    await trainSmall(config, signal)
    log.debug({ ms: Math.round(performance.now() - began) }, 'training process: warm')
  } catch (error) {
    if (!signal.aborted) log.warn({ err: error }, 'training process: the warm-up failed, jobs are taken all the same')
  }
}

/** A turn of the event loop between any two parts lets a job in. */
async function trainSmall({ executionProviders }: WarmUpContext['config'], signal: AbortSignal): Promise<void> {
  const turn = () => nextTurn(undefined, { signal })
  await turn()
  const plan = planTraining({ definition: { layers }, columns: describeColumns(table), table, request })
  await turn()
  const settings = fitSettings(plan, table, { executionProviders, threads: 1 })
  const { last } = await fit(settings, { signal })
  await turn()
  await evaluate(settings, last.weights, encodePart(plan, table, 'test'))
  await turn()
  exportModel({ ...plan, weights: last.weights })
}
