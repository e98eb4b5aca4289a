/**
 * The optimizers with the operators of TensorFlow.js, by the formulas of src/nn/optimizers and with the same slots, so that
 * a checkpoint of one engine is one of the other. TensorFlow.js' own differ from Keras: its Adam adds epsilon after the
 * bias correction, its centered RMSprop subtracts it, its Adadelta divides by the mean square of the step before.
 */
import type * as Tf from '@tensorflow/tfjs'
import type { OptimizerConfig } from '../nn/optimizers/optimizer.ts'
import type { TensorFlow } from './backend.ts'

type Slots = Readonly<Record<string, Tf.Tensor>>

export interface Update {
  readonly tf: TensorFlow
  readonly weight: Tf.Tensor
  readonly gradient: Tf.Tensor
  readonly slots: Slots
  /** The numbers of the step, as `scalarsOf` gives them. */
  readonly scalars: Readonly<Record<string, number>>
  readonly config: Readonly<Record<string, number>>
}

export interface Updated {
  readonly weight: Tf.Tensor
  readonly slots: Slots
}

/** factor · x + y */
const axpy = (tf: TensorFlow, factor: number, x: Tf.Tensor, y: Tf.Tensor) => tf.add(tf.mul(x, factor), y)
const slot = (slots: Slots, name: string): Tf.Tensor => {
  const found = slots[name]
  if (!found) throw new Error(`the optimizer has no slot ${name}`)
  return found
}
const number = (numbers: Readonly<Record<string, number>>, name: string): number => numbers[name] ?? 0

const adam = ({ tf, weight, gradient, slots, scalars, config }: Update): Updated => {
  const first_moment = axpy(tf, number(config, 'beta_1'), slot(slots, 'first_moment'), gradient)
  const second_moment = axpy(tf, number(config, 'beta_2'), slot(slots, 'second_moment'), tf.square(gradient))
  const largest = slots.largest_second_moment && tf.maximum(slots.largest_second_moment, second_moment)
  const step = tf.div(first_moment, tf.add(tf.sqrt(largest ?? second_moment), number(scalars, 'epsilon')))
  const next = { first_moment, second_moment, ...(largest && { largest_second_moment: largest }) }
  return { weight: axpy(tf, number(scalars, 'descent'), step, weight), slots: next }
}

const rules: Readonly<Record<string, (update: Update) => Updated>> = {
  sgd: ({ tf, weight, gradient, slots, scalars, config }) => {
    const descent = number(scalars, 'descent')
    if (!slots.velocity) return { weight: axpy(tf, descent, gradient, weight), slots: {} }
    const momentum = number(config, 'momentum')
    const velocity = axpy(tf, descent, gradient, tf.mul(slots.velocity, momentum))
    const ahead = config.nesterov ? axpy(tf, descent, gradient, tf.mul(velocity, momentum)) : velocity
    return { weight: tf.add(weight, ahead), slots: { velocity } }
  },
  adam,
  // its decay is that of every optimizer
  adamw: adam,
  rmsprop: ({ tf, weight, gradient, slots, scalars, config }) => {
    const rho = number(config, 'rho')
    const descent = number(scalars, 'descent')
    const mean_square = axpy(tf, rho, slot(slots, 'mean_square'), tf.square(gradient))
    const mean_gradient = slots.mean_gradient && axpy(tf, rho, slots.mean_gradient, gradient)
    const spread = mean_gradient ? axpy(tf, rho - 1, tf.square(mean_gradient), mean_square) : mean_square
    const step = tf.div(gradient, tf.sqrt(tf.add(spread, number(scalars, 'epsilon'))))
    const next = { mean_square, ...(mean_gradient && { mean_gradient }) }
    if (!slots.velocity) return { weight: axpy(tf, descent, step, weight), slots: next }
    const velocity = axpy(tf, descent, step, tf.mul(slots.velocity, number(config, 'momentum')))
    return { weight: tf.add(weight, velocity), slots: { ...next, velocity } }
  },
  adagrad: ({ tf, weight, gradient, slots, scalars, config }) => {
    const accumulator = tf.add(slot(slots, 'accumulator'), tf.square(gradient))
    const step = tf.div(gradient, tf.sqrt(tf.add(accumulator, number(config, 'epsilon'))))
    return { weight: axpy(tf, number(scalars, 'descent'), step, weight), slots: { accumulator } }
  },
  adamax: ({ tf, weight, gradient, slots, scalars, config }) => {
    const first_moment = axpy(tf, number(config, 'beta_1'), slot(slots, 'first_moment'), gradient)
    const norm = tf.maximum(tf.mul(slot(slots, 'norm'), number(config, 'beta_2')), tf.abs(gradient))
    const step = tf.div(first_moment, tf.add(norm, number(config, 'epsilon')))
    return { weight: axpy(tf, number(scalars, 'descent'), step, weight), slots: { first_moment, norm } }
  },
  adadelta: ({ tf, weight, gradient, slots, scalars, config }) => {
    const [rho, epsilon] = [number(config, 'rho'), number(config, 'epsilon')]
    const before = slot(slots, 'mean_square_step')
    const mean_square = axpy(tf, rho, slot(slots, 'mean_square'), tf.mul(tf.square(gradient), 1 - rho))
    const step = tf.mul(tf.sqrt(tf.div(tf.add(before, epsilon), tf.add(mean_square, epsilon))), gradient)
    const mean_square_step = axpy(tf, rho, before, tf.mul(tf.square(step), 1 - rho))
    return { weight: axpy(tf, number(scalars, 'descent'), step, weight), slots: { mean_square, mean_square_step } }
  },
}

/** The optimizers that the engine has, by their Keras names. */
export const engineOptimizers: readonly string[] = Object.keys(rules)

/** The next value of one weight and its slots. `config` is one of `engineOptimizers`. */
export function updateWeight(config: OptimizerConfig, update: Omit<Update, 'config'>): Updated {
  const rule = rules[config.name]
  if (!rule) throw new Error(`the engine tensorflow has no optimizer ${config.name}`)
  const numbers = config as unknown as Readonly<Record<string, number>> // its arguments, as its schema has them
  return rule({ ...update, config: numbers })
}
