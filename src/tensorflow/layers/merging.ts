/** Merging layers with the operators of TensorFlow.js, masks as in Keras. */
import type * as Tf from '@tensorflow/tfjs'
import type { LayerConfig } from '../../nn/layers/layer.ts'
import type { TensorFlow } from '../backend.ts'
import { type EngineLayer, formula, type LayerCall, type Mask } from './layer.ts'

type Masked = Pick<LayerCall, 'tf' | 'inputs' | 'masks'>

/** A step is real where it is in any input; all steps are where an input has no mask. */
function eitherMask({ tf, masks }: Pick<Masked, 'tf' | 'masks'>): Mask {
  const given = masks.filter((mask) => mask !== null)
  return given.length < masks.length ? null : given.reduce((all, mask) => tf.logicalOr(all, mask))
}

/** Inputs with fewer axes than others get axes of length 1 after the batch. */
function sameRank({ tf, inputs }: LayerCall): Tf.Tensor[] {
  const rank = Math.max(...inputs.map((x) => x.rank))
  return inputs.map((x) => {
    const [batch = 1, ...rest] = x.shape
    const ones = new Array<number>(rank - x.rank).fill(1)
    return x.rank === rank ? x : tf.reshape(x, [batch, ...ones, ...rest])
  })
}

function elementwise(merge: (tf: TensorFlow, a: Tf.Tensor, b: Tf.Tensor) => Tf.Tensor): EngineLayer {
  return formula({
    takes: [],
    mask: eitherMask,
    call: (given) => sameRank(given).reduce((all, x) => merge(given.tf, all, x)),
  })
}

/** Of the inputs whose step is real: one that a mask hides takes the value of what it is compared with, as in Keras. */
function extreme(pick: (tf: TensorFlow, a: Tf.Tensor, b: Tf.Tensor) => Tf.Tensor): EngineLayer {
  return formula({
    takes: [],
    mask: eitherMask,
    call: (given) => {
      const { tf, masks } = given
      const [first, ...others] = sameRank(given).map((x, i) => ({ x, mask: masks[i] ?? null }))
      const seen = (mask: Mask, x: Tf.Tensor, other: Tf.Tensor) =>
        mask ? tf.where(tf.expandDims(mask, -1), x, other) : x
      return others.reduce(
        (picked, { x, mask }) => {
          const next = seen(mask, x, picked.x)
          const both = picked.mask && mask ? tf.logicalOr(picked.mask, mask) : null
          return { x: pick(tf, seen(picked.mask, picked.x, next), next), mask: both }
        },
        first as { x: Tf.Tensor; mask: Mask },
      ).x
    },
  })
}

const Average = formula({
  takes: [],
  mask: eitherMask,
  call: (given) => given.tf.div(given.tf.addN(broadcast(given)), given.inputs.length),
})

/** `addN` takes tensors of one shape. */
function broadcast(given: LayerCall): Tf.Tensor[] {
  const { tf } = given
  const inputs = sameRank(given)
  const shape = (inputs[0]?.shape ?? []).map((_, axis) => Math.max(...inputs.map((x) => x.shape[axis] ?? 1)))
  return inputs.map((x) => tf.broadcastTo(x, shape))
}

/** Hidden steps count as 1, and are 0 in the product where every input hides them. */
const Multiply = formula({
  takes: [],
  mask: eitherMask,
  call: (given) => {
    const { tf, masks } = given
    const over = (mask: Tf.Tensor) => tf.cast(tf.expandDims(mask, -1), 'float32')
    const factors = sameRank(given).map((x, i) => {
      const mask = masks[i]
      return mask ? tf.add(tf.mul(x, over(mask)), tf.sub(1, over(mask))) : x
    })
    const product = factors.reduce((all, x) => tf.mul(all, x))
    const seen = eitherMask(given)
    return seen ? tf.mul(product, over(seen)) : product
  },
})

type ConcatenateConfig = LayerConfig & { readonly axis: number }

/** Joined along time where the inputs are; else a step is real if it is in any input. */
function joinedMask({ tf, inputs, masks }: Masked, { axis }: ConcatenateConfig): Mask {
  if (masks.every((mask) => mask === null)) return null
  const rank = inputs[0]?.rank ?? 0
  const full = inputs.map((x, i) => masks[i] ?? tf.ones(x.shape.slice(0, 2), 'bool'))
  if ((axis < 0 ? axis + rank : axis) === 1) return tf.cast(tf.concat(full, 1), 'bool')
  return full.reduce((all, mask) => tf.logicalOr(all, mask))
}

const Concatenate = formula<ConcatenateConfig>({
  takes: ['axis'],
  mask: joinedMask,
  call: ({ tf, inputs }, { axis }) => tf.concat([...inputs], axis),
})

type DotConfig = LayerConfig & { readonly axes: number | readonly [number, number]; readonly normalize: boolean }

/** Σ a·b along an axis of each, or of their directions with `normalize`. */
const Dot = formula<DotConfig>({
  takes: ['axes', 'normalize'],
  call: ({ tf, inputs }, { axes, normalize }) => {
    const [a, b] = inputs as readonly [Tf.Tensor, Tf.Tensor] // of its arity
    const [i = 1, j = i] = [axes].flat()
    const [left, right] = [axisLast(tf, a, i), axisLast(tf, b, j)]
    const length = left.shape.at(-1) ?? 1
    const rows = (x: Tf.Tensor) => tf.reshape(x, [x.shape[0] ?? 1, -1, length])
    const direction = (x: Tf.Tensor) =>
      normalize ? tf.div(x, tf.sqrt(tf.maximum(tf.sum(tf.square(x), -1, true), 1e-14))) : x
    const product = tf.matMul(direction(rows(left)), direction(rows(right)), false, true)
    const rest = [...left.shape.slice(1, -1), ...right.shape.slice(1, -1)]
    return tf.reshape(product, [a.shape[0] ?? 1, ...(rest.length === 0 ? [1] : rest)])
  },
})

function axisLast(tf: TensorFlow, x: Tf.Tensor, axis: number): Tf.Tensor {
  const at = axis < 0 ? axis + x.rank : axis
  const others = x.shape.map((_, i) => i).filter((i) => i !== at)
  return tf.transpose(x, [...others, at])
}

export const mergingLayers: Readonly<Record<string, EngineLayer>> = {
  Add: elementwise((tf, a, b) => tf.add(a, b)),
  Subtract: elementwise((tf, a, b) => tf.sub(a, b)),
  Maximum: extreme((tf, a, b) => tf.maximum(a, b)),
  Minimum: extreme((tf, a, b) => tf.minimum(a, b)),
  Average,
  Multiply,
  Concatenate,
  Dot,
}
