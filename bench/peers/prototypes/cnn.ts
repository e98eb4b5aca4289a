/** The small convolutional classifier by hand: weight gradients by slices and one batched product. */
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import { type Rows, startOf } from '../../data.ts'
import type { StartWeight, Task } from '../../task.ts'
import { afterImages, convolve, convolveBack, filtersFirst } from './convolution.ts'
import { adamUpdate, buildEpoch, channelsFirst, type Float, oneHot, type Program, withMoments } from './program.ts'

const classes = 10

export function cnn(task: Task, rows: Rows): Program {
  const [k0, b0, k1, b1, k2, b2] = task.weights as [
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
    StartWeight,
  ]
  const plain = (weight: StartWeight): Tensor => tensorOf('float32', startOf(weight), weight.shape)
  const state = withMoments({
    k0: filtersFirst(k0),
    b0: plain(b0),
    k1: filtersFirst(k1),
    b1: plain(b1),
    k2: afterImages(k2, b1.shape[0] as number),
    b2: plain(b2),
  })
  const [x, y] = [channelsFirst(task, rows.x), oneHot(rows.y, classes)]
  const flatSize = k2.shape[0] as number

  const bytes = buildEpoch(task, { x, y, state }, (step) => {
    const { op } = step
    const weight = step.state as Readonly<Record<'k0' | 'b0' | 'k1' | 'b1' | 'k2' | 'b2', Float>>
    const first = convolve(op, step.x, weight.k0, weight.b0)
    const second = convolve(op, first.pooled, weight.k1, weight.b1)
    const flat = op.Reshape(second.pooled, op.ints([task.batch, flatSize]))
    const logProbabilities = op.LogSoftmax(op.Gemm(flat, weight.k2, weight.b2, {}), { axis: -1 })
    const picked = op.ReduceSum(op.Mul(logProbabilities, step.y), op.ints([1]), { keepdims: 0 })
    const loss = op.Neg(op.ReduceMean(picked, op.ints([0]), { keepdims: 0 }))

    const dz = op.Mul(op.Sub(op.Exp(logProbabilities), step.y), op.scalar(1 / task.batch, picked))
    const dFlat = op.Gemm(dz, weight.k2, null, { transB: 1 })
    const back2 = convolveBack(op, second, op.Reshape(dFlat, op.ints(sizesOf(second.pooled))), weight.k1, true)
    const back1 = convolveBack(op, first, back2.input as Float, weight.k0, false)
    const gradients = {
      k0: back1.kernel,
      b0: back1.bias,
      k1: back2.kernel,
      b1: back2.bias,
      k2: op.Gemm(flat, dz, null, { transA: 1 }),
      b2: op.ReduceSum(dz, op.ints([0]), { keepdims: 0 }),
    }
    const updated = Object.entries(gradients).map(([name, gradient]) => adamUpdate(step, name, gradient))
    return { state: Object.assign({}, ...updated), loss }
  })
  return { bytes, state, x, y, gradientScale: 1 }
}

const sizesOf = ({ shape }: Float) => shape.map(Number)
