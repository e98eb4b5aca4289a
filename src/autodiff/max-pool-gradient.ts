/**
 * The gradient of a maximum over windows: each cotangent goes to the place of its window's maximum, the first in row-major
 * order where there are several, as in TensorFlow. Three forms:
 * - masks: the places that equal their window's maximum, found by elementwise passes. ONNX Runtime's MaxPool takes 17 times as
 *   long where it is asked for indices, and this form asks for none: half of the time, forward pass included, for windows of
 *   2x2 side by side while the passes stay in the cache; no gain beyond, or for larger windows.
 * - unpooling: one `MaxUnpool` by the indices, for windows that share no place.
 * - scattering: adds up where windows overlap.
 */
import type { Builder } from '../onnx/builder.ts'
import { sameShape } from '../onnx/dims.ts'
import { elementCount, tensorOf } from '../onnx/tensor.ts'
import type { Real, Value } from '../onnx/value.ts'
import { areDisjoint, areTiles, padsOf, reachOf, type Slide, spanOf } from '../onnx/windows.ts'
import { reshapeLike, shapeOf, zerosLike } from './shapes.ts'
import { cropEnds, padEnds, repeatTiles, spatialOf } from './spatial.ts'

export interface PoolGradient {
  readonly x: Real
  readonly y: Real
  readonly indices: Value<'int64'>
  readonly dy: Real
  readonly slides: readonly Slide[]
}

/** Numbers in a sample: a batch of 32 such samples (4 MiB) leaves the cache between passes, and the indices are no slower. */
const masksUpTo = 2 ** 15

/** dL/dx in the form that suits the windows. */
export function maxPoolGradient(op: Builder, pool: PoolGradient): Real {
  const { x, slides } = pool
  // HardSigmoid and MaxUnpool have float32 kernels only
  if (x.type !== 'float32' || !areDisjoint(slides)) return byScattering(op, pool)
  return suitsMasks(pool) ? byMasks(op, pool) : byUnpooling(op, pool)
}

function suitsMasks({ x, slides }: PoolGradient): boolean {
  const sample = elementCount(x.shape.slice(1).map(Number))
  return areTiles(slides) && slides.length === 2 && slides.every(({ kernel }) => kernel === 2) && sample <= masksUpTo
}

/** Marks what equals its window's maximum, then the first of the marked ones: each window counts its places down. */
export function byMasks(op: Builder, { x, y, dy, slides }: PoolGradient): Real {
  const kernel = slides.map((slide) => slide.kernel)
  const tiled = cropEnds(op, x, slides, spatialOf(y))
  const maxima = markZeros(op, op.Sub(tiled, repeatTiles(op, y, kernel)))
  const counted = op.Mul(maxima, countdown(op, dy, kernel))
  const [first] = op.MaxPool(counted, { kernel_shape: kernel, strides: kernel })
  const chosen = markZeros(op, op.Sub(counted, repeatTiles(op, first, kernel)))
  return padEnds(op, op.Mul(chosen, repeatTiles(op, dy, kernel)), x)
}

/** 1 where d is 0, 0 where it is below; it is never above. */
function markZeros(op: Builder, d: Real): Real {
  return op.HardSigmoid(d, { alpha: 3e38, beta: 1 })
}

/** For every place of the tiles laid side by side how many places its window has left: 4 3 / 2 1 for 2x2. */
function countdown(op: Builder, dy: Real, kernel: readonly number[]): Real {
  const lengths = spatialOf(dy).map((count, i) => count * (kernel[i] as number))
  const count = elementCount(kernel)
  const values = Float32Array.from({ length: elementCount(lengths) }, (_, at) => {
    let [rest, within, stride] = [at, 0, 1]
    for (let axis = kernel.length - 1; axis >= 0; axis--) {
      const [length, size] = [lengths[axis] as number, kernel[axis] as number]
      within += ((rest % length) % size) * stride
      rest = Math.floor(rest / length)
      stride *= size
    }
    return count - within
  })
  return op.constant(tensorOf('float32', values, lengths))
}

/** Writes every cotangent to the place of its index. */
export function byUnpooling(op: Builder, { x, indices, dy, slides }: PoolGradient): Real {
  const attributes = {
    kernel_shape: slides.map(spanOf),
    strides: slides.map(({ stride }) => stride),
    pads: padsOf(slides),
  }
  const reached = spatialOf(dy).map((count, i) => reachOf(slides[i] as Slide, count))
  return op.MaxUnpool(dy, indices, sameShape(reached, spatialOf(x)) ? null : shapeOf(op, x), attributes)
}

/** Adds every cotangent to the place that its index names in the whole of x. */
export function byScattering(op: Builder, { x, indices, dy }: PoolGradient): Real {
  const flat = op.ints([-1])
  const zeros = op.Reshape(zerosLike(op, x), flat)
  const sums = op.ScatterElements(zeros, op.Reshape(indices, flat), op.Reshape(dy, flat), { axis: 0, reduction: 'add' })
  return reshapeLike(op, sums, x)
}
