/** What the two convolutional prototypes share: a block of convolution, relu and pool, forward and backward, channels first. */
import type { Builder } from '../../../src/onnx/builder.ts'
import { type Tensor, tensorOf } from '../../../src/onnx/tensor.ts'
import type { Value } from '../../../src/onnx/value.ts'
import { hash32 } from '../../../src/random.ts'
import { startOf } from '../../data.ts'
import type { StartWeight } from '../../task.ts'
import { type Float, positive } from './program.ts'

const window = { kernel_shape: [2, 2], strides: [2, 2] }
const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }

export interface Block {
  readonly x: Float
  readonly pooled: Float
  readonly indices: Value<'int64'>
}

export function convolve(op: Builder, x: Float, kernel: Float, bias: Float): Block {
  const [pooled, indices] = op.MaxPool(op.Relu(op.Conv(x, kernel, bias, same)), window)
  return { x, pooled, indices }
}

/** From the gradient of the pooled numbers: those of the kernel, the bias and, where it is wanted, the input. */
export function convolveBack(op: Builder, { x, pooled, indices }: Block, d: Float, kernel: Float, wantsInput: boolean) {
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const filters = kernel.shape[0] as number
  // the gradient of Relu, then of a MaxPool without overlap: the mask at the pooled size
  const full = op.MaxUnpool(op.Mul(d, positive(op, pooled)), indices, null, window)
  const padded = op.Pad(x, op.ints([0, 0, 1, 1, 0, 0, 1, 1]), null, null, {})
  const columns = [0, 1, 2].flatMap((i) =>
    [0, 1, 2].map((j) => {
      const moved = op.Slice(padded, op.ints([i, j]), op.ints([i + height, j + width]), op.ints([2, 3]), null)
      return op.Reshape(moved, op.ints([batch, 1, channels, height * width]))
    }),
  )
  const column = op.Reshape(op.Concat(columns, { axis: 1 }), op.ints([batch, 9 * channels, height * width]))
  const products = op.FusedMatMul(op.Reshape(full, op.ints([batch, filters, height * width])), column, { transB: 1 })
  const sum = op.ReduceSum(products, op.ints([0]), { keepdims: 0 })
  const shaped = op.Transpose(op.Reshape(sum, op.ints([filters, 3, 3, channels])), { perm: [0, 3, 1, 2] })
  return {
    kernel: shaped,
    bias: op.ReduceSum(full, op.ints([0, 2, 3]), { keepdims: 0 }),
    input: wantsInput ? op.ConvTranspose(full, kernel, null, same) : null,
  }
}

/** A kernel [height, width, channels, filters] as ONNX has it: [filters, channels, height, width]. */
export function filtersFirst(weight: StartWeight): Tensor {
  const [height = 1, width = 1, channels = 1, filters = 1] = weight.shape
  const values = startOf(weight)
  const moved = new Float32Array(values.length)
  const places = height * width
  for (let i = 0; i < values.length; i++) {
    const [place, rest] = [Math.floor(i / (channels * filters)), i % (channels * filters)]
    const [channel, filter] = [Math.floor(rest / filters), rest % filters]
    moved[(filter * channels + channel) * places + place] = values[i] as number
  }
  return tensorOf('float32', moved, [filters, channels, height, width])
}

/** The kernel of a dense layer after images of so many channels: its rows as channels-first images flatten. */
export function afterImages({ shape, key, limit }: StartWeight, channels: number): Tensor {
  const [rows = 1, units = 1] = shape
  const places = rows / channels
  const values = new Float32Array(rows * units)
  for (let row = 0; row < rows; row++) {
    const from = (row % places) * channels + Math.floor(row / places)
    for (let unit = 0; unit < units; unit++) {
      const draw = hash32(key ^ hash32(from * units + unit)) / 2 ** 32
      values[row * units + unit] = (2 * draw - 1) * limit
    }
  }
  return tensorOf('float32', values, shape)
}
