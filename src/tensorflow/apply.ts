/**
 * One step of an optimizer over all weights, in Keras' order: gradients accumulated, clipped, weights decayed, updated,
 * averaged, constrained. As src/nn/optimizers/apply.ts, whose slots it keeps.
 */
import type * as Tf from '@tensorflow/tfjs'
import type { NamedConfig } from '../nn/named.ts'
import { averageSlot } from '../nn/optimizers/apply.ts'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import type { TensorFlow } from './backend.ts'
import { constrained } from './constraints.ts'
import { type Updated, updateWeight } from './optimizers.ts'

const gradientSum = 'accumulated_gradient'

export interface Trained {
  readonly weight: Tf.Variable
  readonly gradient: Tf.Tensor
  readonly slots: Readonly<Record<string, Tf.Variable>>
  readonly constraint: NamedConfig | null
}

type Scalars = Readonly<Record<string, number>>

/** Moves every weight and its slots on. `scalars` are the numbers of the step, as `scalarsOf` gives them. */
export function applyGradients(
  tf: TensorFlow,
  trained: readonly Trained[],
  scalars: Scalars,
  config: OptimizerConfig,
): void {
  const { gradient_accumulation_steps: every } = config
  const sums = trained.map(({ gradient, slots }) => {
    const sum = slots[gradientSum]
    return sum ? tf.add(sum, gradient) : gradient
  })
  const means = every === null ? sums : sums.map((sum) => tf.div(sum, every))
  const clipped = clipGradients(tf, means, config)
  const isDue = every === null || scalars.is_update === 1
  for (const [i, one] of trained.entries()) {
    const next = isDue
      ? updateOne(tf, one, clipped[i] as Tf.Tensor, scalars, config)
      : { weight: one.weight, slots: { ...one.slots, [gradientSum]: sums[i] as Tf.Tensor } }
    assign(tf, one, averaged(tf, one, next, scalars, config))
  }
}

function updateOne(tf: TensorFlow, one: Trained, gradient: Tf.Tensor, scalars: Scalars, config: OptimizerConfig) {
  const { slots } = one
  const weight = scalars.decay === undefined ? one.weight : tf.add(one.weight, tf.mul(one.weight, scalars.decay))
  const next = updateWeight(config, { tf, weight, gradient, slots, scalars })
  const emptied = slots[gradientSum] && { [gradientSum]: tf.zerosLike(slots[gradientSum]) }
  return { weight: next.weight, slots: { ...next.slots, ...emptied } }
}

/** The moving average of the weight after the step, and now and then the average in place of the weight. */
function averaged(tf: TensorFlow, { slots }: Trained, next: Updated, scalars: Scalars, { use_ema }: OptimizerConfig) {
  const before = slots[averageSlot]
  if (!use_ema || !before) return next
  const { average_kept = 0, average_taken = 1, is_overwritten = 0 } = scalars
  const average = tf.add(tf.mul(next.weight, average_taken), tf.mul(before, average_kept))
  return {
    weight: is_overwritten === 1 ? average : next.weight,
    slots: { ...next.slots, [averageSlot]: average },
  }
}

function assign(tf: TensorFlow, { weight, slots, constraint }: Trained, next: Updated): void {
  for (const [name, variable] of Object.entries(slots)) {
    const value = next.slots[name]
    if (value && value !== variable) variable.assign(value)
  }
  const moved = constraint ? constrained(tf, next.weight, constraint) : next.weight
  if (moved !== weight) weight.assign(moved)
}

/** The gradients clipped in one of Keras' three forms, or as they are. */
function clipGradients(tf: TensorFlow, gradients: readonly Tf.Tensor[], config: OptimizerConfig): readonly Tf.Tensor[] {
  const { clipnorm, clipvalue, global_clipnorm } = config
  const scaled = (gradient: Tf.Tensor, square: Tf.Tensor, limit: number) =>
    tf.mul(gradient, tf.div(limit, tf.maximum(tf.sqrt(square), limit)))
  if (clipvalue !== null) return gradients.map((gradient) => tf.clipByValue(gradient, -clipvalue, clipvalue))
  if (clipnorm !== null) return gradients.map((gradient) => scaled(gradient, tf.sum(tf.square(gradient)), clipnorm))
  if (global_clipnorm === null) return gradients
  const squares = gradients.map((gradient) => tf.sum(tf.square(gradient)))
  const all = squares.reduce((sum, square) => tf.add(sum, square), tf.scalar(0) as Tf.Tensor)
  return gradients.map((gradient) => scaled(gradient, all, global_clipnorm))
}
