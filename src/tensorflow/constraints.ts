/** Constraints on weights with the operators of TensorFlow.js, by the formulas of src/nn/constraints. */
import type * as Tf from '@tensorflow/tfjs'
import type { NamedConfig } from '../nn/named.ts'
import type { TensorFlow } from './backend.ts'

/** The arguments of all of them. */
interface Arguments {
  readonly axis: number | readonly number[]
  readonly min_value: number
  readonly max_value: number
  readonly rate: number
}

/** The norm that a weight of a norm is to have. */
type Wanted = (tf: TensorFlow, norm: Tf.Tensor, config: Arguments) => Tf.Tensor | number

const norms: Readonly<Record<string, Wanted>> = {
  max_norm: (tf, norm, { max_value }) => tf.minimum(norm, max_value),
  unit_norm: () => 1,
  min_max_norm: (tf, norm, { min_value, max_value, rate }) =>
    tf.add(tf.mul(tf.clipByValue(norm, min_value, max_value), rate), tf.mul(norm, 1 - rate)),
}

/** The constraints that the engine has. */
export const engineConstraints: readonly string[] = ['non_neg', ...Object.keys(norms)]

/** The weight moved to where its constraint lets it be. */
export function constrained(tf: TensorFlow, weight: Tf.Tensor, constraint: NamedConfig): Tf.Tensor {
  if (constraint.name === 'non_neg') return tf.relu(weight)
  const wanted = norms[constraint.name]
  if (!wanted) throw new Error(`the engine tensorflow has no constraint ${constraint.name}`)
  const config = { axis: 0, min_value: 0, max_value: 1, rate: 1, ...constraint }
  const norm = tf.sqrt(tf.sum(tf.square(weight), [config.axis].flat() as number[], true))
  return tf.mul(weight, tf.div(wanted(tf, norm, config), tf.add(norm, 1e-7)))
}
