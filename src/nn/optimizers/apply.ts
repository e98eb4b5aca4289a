/**
 * One step of an optimizer over all weights, in Keras' order: gradients accumulated, clipped, weights decayed, updated,
 * averaged. Arguments that are not given add no node.
 */
import type { Builder } from '../../onnx/builder.ts'
import type { Bool, Real } from '../../onnx/value.ts'
import { clipGradients } from './clipping.ts'
import { optimizerOf } from './index.ts'
import { axpy, factor, type OptimizerConfig, type UpdateInputs, type UpdateResult } from './optimizer.ts'

/** Slots of ours beside the optimizer's own. */
const gradientSum = 'accumulated_gradient'
export const averageSlot = 'average'

type Numbers = Readonly<Record<string, number>>
type Scalars = Readonly<Record<string, Real>>

/** Weights laid end to end, as one update takes them. */
export interface WeightGroup extends Omit<UpdateInputs, 'scalars'> {
  readonly id: string
  /** How many numbers each of its weights has, in order. */
  readonly sizes: readonly number[]
}

/** Everything that is kept for each weight, with the value it starts from. */
export function slotsOf(config: OptimizerConfig): Numbers {
  return {
    ...optimizerOf(config).slots(config),
    ...(config.gradient_accumulation_steps === null ? {} : { [gradientSum]: 0 }),
    ...(config.use_ema ? { [averageSlot]: 0 } : {}),
  }
}

/**
 * Whether each weight becomes itself plus a multiple of its gradient and nothing else: plain gradient descent. Whatever
 * keeps nothing for a weight does that, unless it clips or decays.
 */
export function addsGradients(config: OptimizerConfig): boolean {
  const { weight_decay, clipnorm, clipvalue, global_clipnorm } = config
  const changes = [weight_decay, clipnorm, clipvalue, global_clipnorm]
  return Object.keys(slotsOf(config)).length === 0 && changes.every((change) => change === null)
}

/**
 * What every gradient is multiplied by, where an update does nothing else with it than to add it; null where it does. The
 * walk back is linear, so it may as well begin with that factor: `rest` are the numbers of the step when it did.
 */
export function gradientFactor(
  op: Builder,
  scalars: Scalars,
  config: OptimizerConfig,
): { readonly factor: Real; readonly rest: Scalars } | null {
  const { descent } = scalars
  return descent && addsGradients(config)
    ? { factor: descent, rest: { ...scalars, descent: factor(op, 1, descent) } }
    : null
}

/**
 * The numbers of a step, in float64. `batches` counts the ones before it; `learningRate` is that of this batch. The
 * optimizer's own steps count updates: with accumulation, several batches each.
 */
export function scalarsOf(config: OptimizerConfig, batches: number, learningRate: number): Numbers {
  const every = config.gradient_accumulation_steps
  const updates = every === null ? batches : Math.floor(batches / every)
  return {
    ...optimizerOf(config).scalars(config, updates + 1, learningRate),
    ...(config.weight_decay === null ? {} : { decay: -learningRate * config.weight_decay }),
    ...(every === null ? {} : { is_update: (batches + 1) % every === 0 ? 1 : 0 }),
    ...(config.use_ema ? averageScalars(config, updates) : {}),
  }
}

/** The average starts as the weights after the first update. */
function averageScalars({ ema_momentum, ema_overwrite_frequency }: OptimizerConfig, updates: number): Numbers {
  const kept = updates === 0 ? 0 : ema_momentum
  const averages = { average_kept: kept, average_taken: 1 - kept }
  if (ema_overwrite_frequency === null) return averages
  return { ...averages, is_overwritten: (updates + 1) % ema_overwrite_frequency === 0 ? 1 : 0 }
}

/** The next weights and slots of every group; clipping by the global norm sees them all. */
export function applyGradients(
  op: Builder,
  groups: readonly WeightGroup[],
  scalars: Scalars,
  config: OptimizerConfig,
): UpdateResult[] {
  const sums = groups.map((group) => accumulate(op, group, config))
  const laid = groups.map(({ sizes, gradient }, i) => ({ sizes, gradient: sums[i]?.mean ?? gradient }))
  const clipped = clipGradients(op, laid, config)
  return groups.map((group, i) => {
    const at = op.named(`update_${group.id}`)
    const updated = update(at, { ...group, gradient: clipped[i] as Real, scalars }, config)
    const sum = sums[i]?.sum
    return average(at, sum ? onlyWhenDue(at, group, sum, updated, scalars) : updated, group, scalars, config)
  })
}

/** Null where every batch is an update of its own. */
function accumulate(op: Builder, { gradient, slots }: WeightGroup, config: OptimizerConfig) {
  const { gradient_accumulation_steps: steps } = config
  if (steps === null) return null
  const sum = op.Add(slots[gradientSum] as Real, gradient)
  return { sum, mean: op.Mul(sum, factor(op, 1 / steps, sum)) }
}

function update(op: Builder, inputs: UpdateInputs, config: OptimizerConfig): UpdateResult {
  const { decay } = inputs.scalars
  const weight = decay ? axpy(op, decay, inputs.weight, inputs.weight) : inputs.weight
  return optimizerOf(config).update(op, { ...inputs, weight }, config)
}

/** Between two updates weights and slots stay as they are, and the sum of gradients grows; an update empties it. */
function onlyWhenDue(
  op: Builder,
  { weight, slots }: WeightGroup,
  sum: Real,
  updated: UpdateResult,
  { is_update }: Scalars,
): UpdateResult {
  const due = truth(op, is_update as Real)
  const kept = Object.entries(updated.slots).map(([slot, next]) => [slot, op.Where(due, next, slots[slot] as Real)])
  return {
    weight: op.Where(due, updated.weight, weight),
    slots: { ...Object.fromEntries(kept), [gradientSum]: op.Where(due, factor(op, 0, sum), sum) },
  }
}

function average(
  op: Builder,
  updated: UpdateResult,
  { slots }: WeightGroup,
  { average_kept, average_taken, is_overwritten }: Scalars,
  { use_ema }: OptimizerConfig,
): UpdateResult {
  if (!use_ema) return updated
  const before = op.Mul(slots[averageSlot] as Real, average_kept as Real)
  const next = axpy(op, average_taken as Real, updated.weight, before)
  const weight = is_overwritten ? op.Where(truth(op, is_overwritten), next, updated.weight) : updated.weight
  return { weight, slots: { ...updated.slots, [averageSlot]: next } }
}

/** A number that is 0 or 1 as a condition. */
function truth(op: Builder, value: Real): Bool {
  return op.Greater(value, factor(op, 0.5, value))
}
