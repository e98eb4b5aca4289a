/** The numbers of a task: rows, targets and first weights, the same in every peer. peers/data.py says the same in Python. */
import { elementCount } from '../src/onnx/tensor.ts'
import { createRandom } from '../src/random.ts'
import type { StartWeight, Task } from './task.ts'

export interface Rows {
  /** [rows, …inputShape] */
  readonly x: Float32Array
  /** [rows]: a class, or 0 and 1. */
  readonly y: Float32Array
}

/** The whole data set of a task. */
export function rowsOf({ rows, inputShape, data }: Task): Rows {
  const size = elementCount(inputShape)
  const random = createRandom(data.key)
  if (data.kind === 'words') {
    const y = Float32Array.from({ length: rows }, (_, row) => row % 2)
    const x = Float32Array.from({ length: rows * size }, (_, i) => {
      const [told, parity, word] = [random.uniform() < 0.2, random.uniform() < 0.5, random.uniform()]
      const odd = told ? (y[Math.floor(i / size)] as number) : Number(!parity)
      return 2 * Math.floor((word * data.vocabulary) / 2) + odd
    })
    return { x, y }
  }
  const x = Float32Array.from({ length: rows * size }, () => 2 * random.uniform() - 1)
  if (data.kind === 'halves') return { x, y: Float32Array.from({ length: rows }, (_, row) => row % 2) }
  const classOf = (row: number) => {
    const first = x.subarray(row * size, row * size + data.classes)
    return first.indexOf(Math.max(...first))
  }
  return { x, y: Float32Array.from({ length: rows }, (_, row) => classOf(row)) }
}

/** The values of a weight before the first step, row-major. */
export function startOf({ shape, limit, key }: StartWeight): Float32Array {
  const random = createRandom(key)
  const values = new Float32Array(elementCount(shape))
  if (limit === 0) return values
  for (let i = 0; i < values.length; i++) values[i] = (2 * random.uniform() - 1) * limit
  return values
}
