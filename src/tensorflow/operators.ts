/** Operators of TensorFlow.js where its gradients are not those of Keras. */
import type * as Tf from '@tensorflow/tfjs'
import type { TensorFlow } from './backend.ts'

/** |x| with the slope 0 at 0; that of `tf.abs` is -1 there. */
export function absolute(tf: TensorFlow, x: Tf.Tensor): Tf.Tensor {
  return tf.add(tf.relu(x), tf.relu(tf.neg(x)))
}

/** The values out of the gradient's sight, for comparisons, which have none. */
export function detached(tf: TensorFlow, x: Tf.Tensor): Tf.Tensor {
  return tf.tensor(x.dataSync(), x.shape, x.dtype)
}

/** The largest along axes, which stay with length 1; equal ones share the gradient, of which `tf.max` gives each all. */
export function largest(tf: TensorFlow, x: Tf.Tensor, axes: readonly number[]): Tf.Tensor {
  const of = tf.customGrad((given, save) => {
    const value = tf.max(given as Tf.Tensor, [...axes], true)
    ;(save as Tf.GradSaveFunc)([given as Tf.Tensor, value])
    const gradFunc = (dy: Tf.Tensor, saved: Tf.Tensor[]) => {
      const [all, most] = saved as [Tf.Tensor, Tf.Tensor]
      const equal = tf.cast(tf.equal(all, most), 'float32')
      return tf.mul(tf.div(equal, tf.sum(equal, [...axes], true)), dy)
    }
    return { value, gradFunc }
  })
  return of(x)
}
