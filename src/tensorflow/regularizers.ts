/** Regularizers with the operators of TensorFlow.js, by the formulas of src/nn/regularizers. */
import type * as Tf from '@tensorflow/tfjs'
import type { NamedConfig } from '../nn/named.ts'
import type { TensorFlow } from './backend.ts'
import { absolute } from './operators.ts'

/** The arguments of all of them. */
interface Arguments {
  readonly l1: number
  readonly l2: number
  readonly factor: number
  readonly mode: 'rows' | 'columns'
}

type Formula = (tf: TensorFlow, x: Tf.Tensor, config: Arguments) => Tf.Tensor

/** l1 · Σ|x| + l2 · Σx² */
const sums: Formula = (tf, x, { l1, l2 }) =>
  tf.add(tf.mul(tf.sum(absolute(tf, x)), l1), tf.mul(tf.sum(tf.square(x)), l2))

/** factor times the mean of |cosine| over the pairs of rows or columns. */
const orthogonal: Formula = (tf, x, { factor, mode }) => {
  const rows = mode === 'rows' ? x : tf.transpose(x)
  const unit = tf.div(rows, tf.sqrt(tf.maximum(tf.sum(tf.square(rows), 1, true), 1e-14)))
  const count = unit.shape[0] ?? 1
  const apart = tf.mul(tf.matMul(unit as Tf.Tensor2D, unit as Tf.Tensor2D, false, true), tf.sub(1, tf.eye(count)))
  return tf.mul(tf.sum(absolute(tf, apart)), factor / (count * (count - 1)))
}

const formulas: Readonly<Record<string, Formula>> = {
  ...{ l1: sums, l2: sums, l1_l2: sums },
  orthogonal_regularizer: orthogonal,
}

/** The regularizers that the engine has. */
export const engineRegularizers: readonly string[] = Object.keys(formulas)

/** The penalty of all values of x, a scalar. */
export function penaltyOf(tf: TensorFlow, x: Tf.Tensor, regularizer: NamedConfig): Tf.Tensor {
  const formula = formulas[regularizer.name]
  if (!formula) throw new Error(`the engine tensorflow has no regularizer ${regularizer.name}`)
  return tf.reshape(formula(tf, x, { l1: 0, l2: 0, factor: 0, mode: 'rows', ...regularizer }), [])
}
