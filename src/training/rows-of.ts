/** Rows of a tensor without copying them. */
import { elementCount, type Tensor } from '../onnx/tensor.ts'

/** A view of some rows of a tensor whose first axis are the rows. */
export function rowsOf(tensor: Tensor, start: number, rows: number): Tensor {
  const size = elementCount(tensor.dims.slice(1))
  const data = (tensor.data as Float32Array).subarray(start * size, (start + rows) * size)
  return { type: tensor.type, dims: [rows, ...tensor.dims.slice(1)], data } as Tensor
}
