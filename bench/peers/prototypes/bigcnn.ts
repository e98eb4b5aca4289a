/** The network of 167,141,409 parameters by hand: SGD, whose products add their gradients straight onto the dense weights. */
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import { type Rows, startOf } from '../../data.ts'
import type { StartWeight, Task } from '../../task.ts'
import { afterImages, type Block, convolve, convolveBack, filtersFirst } from './convolution.ts'
import { buildEpoch, channelsFirst, type Float, type Program, positive } from './program.ts'

const blocks = [0, 1, 2] as const

export function bigcnn(task: Task, rows: Rows): Program {
  const state: Record<string, Tensor> = {}
  for (const [i, kernel] of task.weights.entries()) {
    if (i % 2 === 1) continue
    const bias = task.weights[i + 1] as StartWeight
    const layer = i / 2
    const channels = task.weights[2 * blocks.length - 1]?.shape[0] as number
    state[`k${layer}`] =
      layer < blocks.length
        ? filtersFirst(kernel)
        : layer === blocks.length
          ? afterImages(kernel, channels)
          : tensorOf('float32', startOf(kernel), kernel.shape)
    state[`b${layer}`] = tensorOf('float32', startOf(bias), bias.shape)
  }
  const [x, y] = [channelsFirst(task, rows.x), tensorOf('float32', rows.y, [task.rows, 1])]

  const bytes = buildEpoch(task, { x, y, state }, ({ op, state: weight, rate, ...step }) => {
    const next: Record<string, Float> = {}
    const layers: Block[] = []
    let value = step.x
    for (const l of blocks) {
      const block = convolve(op, value, weight[`k${l}`] as Float, weight[`b${l}`] as Float)
      layers.push(block)
      value = block.pooled
    }
    const pooledShape = value.shape.map(Number)
    const flat = op.Reshape(value, op.ints([task.batch, -1]))
    const hidden = op.Relu(op.Gemm(flat, weight.k3 as Float, weight.b3 as Float, {}))
    const z = op.Gemm(hidden, weight.k4 as Float, weight.b4 as Float, {})
    const loss = op.ReduceMean(op.Sub(op.Softplus(z), op.Mul(z, step.y)), null, { keepdims: 0 })

    // -rate goes into the first cotangent, so that a product can add its gradient straight onto the weights
    const factor = op.Mul(rate, op.scalar(1 / task.batch, rate))
    let d = op.Mul(op.Sub(op.Sigmoid(z), step.y), factor)
    const dense = (layer: number, input: Float) => {
      const bias = weight[`b${layer}`] as Float
      next[`k${layer}`] = op.Gemm(input, d, weight[`k${layer}`] as Float, { transA: 1 })
      next[`b${layer}`] = op.Add(bias, op.ReduceSum(d, op.ints([0]), { keepdims: 0 }))
    }
    dense(4, hidden)
    d = op.Mul(op.Gemm(d, weight.k4 as Float, null, { transB: 1 }), positive(op, hidden))
    dense(3, flat)
    d = op.Reshape(op.Gemm(d, weight.k3 as Float, null, { transB: 1 }), op.ints(pooledShape))
    for (const l of blocks.toReversed()) {
      const [kernel, bias] = [weight[`k${l}`], weight[`b${l}`]] as [Float, Float]
      const back = convolveBack(op, layers[l] as Block, d, kernel, l > 0)
      next[`k${l}`] = op.Add(kernel, back.kernel)
      next[`b${l}`] = op.Add(bias, back.bias)
      if (back.input) d = back.input
    }
    return { state: next, loss }
  })
  return { bytes, state, x, y, gradientScale: 1 }
}
