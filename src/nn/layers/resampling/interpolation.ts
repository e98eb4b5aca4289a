/** Values between places as sums of those around them, weighted by a kernel: a product with a matrix along each axis. */
import type { Builder } from '../../../onnx/builder.ts'
import { tensorOf } from '../../../onnx/tensor.ts'
import type { Real } from '../../../onnx/value.ts'

/** The weight of a place at a distance, counted in places. */
type Kernel = (distance: number) => number

/** @see Keys 1981, with a = -1/2 */
const cubic: Kernel = (x) => {
  if (x >= 2) return 0
  return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : (1.5 * x - 2.5) * x * x + 1
}

/** sinc(x)·sinc(x / radius) up to the radius. */
const lanczos =
  (radius: number): Kernel =>
  (x) => {
    if (x > radius) return 0
    if (x <= 1e-3) return 1
    return (radius * Math.sin(Math.PI * x) * Math.sin((Math.PI * x) / radius)) / (Math.PI * x) ** 2
  }

const kernels = { bicubic: cubic, lanczos3: lanczos(3), lanczos5: lanczos(5) }

/** [length, length·factor]: what each place gives to each new one; the weights of a new one add up to 1. */
function weightsBetween(length: number, factor: number, kernel: Kernel): number[] {
  const columns = Array.from({ length: length * factor }, (_, at) => {
    const centre = (at + 0.5) / factor - 0.5
    const weights = Array.from({ length }, (_place, place) => kernel(Math.abs(centre - place)))
    const sum = weights.reduce((all, weight) => all + weight, 0)
    return weights.map((weight) => weight / sum)
  })
  return Array.from({ length }, (_, place) => columns.map((weights) => weights[place] ?? 0)).flat()
}

/** [batch, channels, height, width] → [batch, channels, height·factors[0], width·factors[1]] */
export function interpolated(
  op: Builder,
  x: Real,
  [tall = 1, wide = 1]: readonly number[],
  name: keyof typeof kernels,
): Real {
  const [height = 1, width = 1] = x.shape.slice(2).map(Number)
  const between = (length: number, factor: number) => weightsBetween(length, factor, kernels[name])
  const matrix = (values: readonly number[], dims: readonly number[]) => op.constant(tensorOf(x.type, values, dims))
  const widened = op.MatMul(x, matrix(between(width, wide), [width, width * wide]))
  const across = op.Transpose(matrix(between(height, tall), [height, height * tall]), { perm: [1, 0] })
  return op.MatMul(across, widened)
}
