/** Our activation functions with the operators of TensorFlow.js, by the formulas of src/nn/activations.ts. */
import type * as Tf from '@tensorflow/tfjs'
import type { ActivationName } from '../nn/activations.ts'
import type { TensorFlow } from './backend.ts'
import { absolute, detached } from './operators.ts'

type Activation = (tf: TensorFlow, x: Tf.Tensor) => Tf.Tensor

const silu: Activation = (tf, x) => tf.mul(x, tf.sigmoid(x))
/** relu6(x + 3)/6 */
const hardSigmoid: Activation = (tf, x) => tf.clipByValue(tf.add(tf.mul(x, 1 / 6), 0.5), 0, 1)
const hardSilu: Activation = (tf, x) => tf.mul(x, hardSigmoid(tf, x))
const sparseSigmoid: Activation = (tf, x) => tf.clipByValue(tf.add(tf.mul(x, 0.5), 0.5), 0, 1)

const formulas: Readonly<Partial<Record<ActivationName, Activation>>> = {
  linear: (_tf, x) => x,
  relu: (tf, x) => tf.relu(x),
  sigmoid: (tf, x) => tf.sigmoid(x),
  tanh: (tf, x) => tf.tanh(x),
  softmax: (tf, x) => tf.softmax(x),
  softplus: (tf, x) => tf.softplus(x),
  softsign: (tf, x) => tf.div(x, tf.add(absolute(tf, x), 1)),
  elu: (tf, x) => tf.elu(x),
  selu: (tf, x) => tf.selu(x),
  leaky_relu: (tf, x) => tf.leakyRelu(x, 0.2),
  exponential: (tf, x) => tf.exp(x),
  hard_sigmoid: hardSigmoid,
  log_softmax: (tf, x) => tf.logSoftmax(x),
  silu,
  swish: silu,
  // the exact form, x/2·(1 + erf(x/√2))
  gelu: (tf, x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  mish: (tf, x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  relu6: (tf, x) => tf.clipByValue(x, 0, 6),
  celu: (tf, x) => tf.elu(x),
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  hard_tanh: (tf, x) => tf.clipByValue(x, -1, 1),
  hard_shrink: (tf, x) => tf.mul(x, tf.step(tf.sub(tf.abs(x), 0.5))),
  soft_shrink: (tf, x) => tf.sub(tf.relu(tf.sub(x, 0.5)), tf.relu(tf.sub(-0.5, x))),
  tanh_shrink: (tf, x) => tf.sub(x, tf.tanh(x)),
  log_sigmoid: (tf, x) => tf.neg(tf.softplus(tf.neg(x))),
  glu: (tf, x) => {
    const [values, gates] = tf.split(x, 2, -1)
    return tf.mul(values as Tf.Tensor, tf.sigmoid(gates as Tf.Tensor))
  },
  sparsemax,
  sparse_sigmoid: sparseSigmoid,
  sparse_plus: (tf, x) => tf.add(tf.square(sparseSigmoid(tf, x)), tf.relu(tf.sub(x, 1))),
  squareplus: (tf, x) => tf.mul(tf.add(x, tf.sqrt(tf.add(tf.square(x), 4))), 0.5),
}

/** max(x - t, 0), t such that the sum along the last axis is 1; each is compared with each. */
function sparsemax(tf: TensorFlow, x: Tf.Tensor): Tf.Tensor {
  const values = detached(tf, x)
  const [one, other] = [tf.expandDims(values, -1), tf.expandDims(values, -2)]
  const above = tf.cast(tf.greaterEqual(other, one), 'float32')
  const [count, sums] = [tf.sum(above, -1), tf.sum(tf.mul(above, other), -1)]
  const inside = tf.cast(tf.greater(tf.add(tf.mul(count, values), 1), sums), 'float32')
  const threshold = tf.div(tf.sub(tf.sum(tf.mul(inside, x), -1, true), 1), tf.sum(inside, -1, true))
  return tf.relu(tf.sub(x, threshold))
}

/** The activations that the engine has. */
export const engineActivations: readonly string[] = Object.keys(formulas)

/** activation(x); null is linear. `softmax`, `log_softmax` and `glu` are over the last axis. */
export function activate(tf: TensorFlow, name: ActivationName | null, x: Tf.Tensor): Tf.Tensor {
  const formula = formulas[name ?? 'linear']
  if (!formula) throw new Error(`the engine tensorflow has no activation ${name}`)
  return formula(tf, x)
}
