/** Dot: products of two inputs summed along an axis of each. */
import { Type } from 'typebox'
import type { Builder } from '../../../onnx/builder.ts'
import type { Real } from '../../../onnx/value.ts'
import { Switch } from '../../strict.ts'
import { defineLayer, layerConfig } from '../layer.ts'
import { isSampleAxis } from '../layout-axes.ts'

type Axes = number | readonly [number, number]

/** Of each input, counted from the batch, which is 0. */
function axesOf(axes: Axes, ranks: readonly [number, number]): [number, number] {
  const [a, b] = typeof axes === 'number' ? [axes, axes] : axes
  return [a < 0 ? a + ranks[0] : a, b < 0 ? b + ranks[1] : b]
}

/**
 * y = Σ a·b along `axes`: one for both inputs, or one for each (the batch is axis 0 and stays). Shapes: [batch, …a] and
 * [batch, …b] → [batch, …a without its axis, …b without its axis], [batch, 1] where nothing is left. `normalize` divides by
 * the Euclidean norms along the axes before, which makes it the cosine of the angle.
 * @throws {Problem} shape_mismatch where the axes are not of the same length
 * @see https://keras.io/api/layers/merging_layers/dot/
 */
export const Dot = defineLayer({
  config: layerConfig(
    'Dot',
    {
      axes: Type.Unsafe<Axes>({
        anyOf: [Type.Integer(), Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 })],
        description: 'The batch is axis 0 and cannot be named',
      }),
      normalize: Switch(false),
    },
    'Products of two inputs summed along an axis of each',
  ),
  arity: { least: 2, most: 2 },
  misfit: ({ axes }, _shape, { inputShapes: [a = [], b = []] }) => {
    const [i, j] = axesOf(axes, [a.length + 1, b.length + 1])
    if (!isSampleAxis(i, a) || !isSampleAxis(j, b)) return `inputs with the axes ${JSON.stringify(axes)}`
    return a[i - 1] === b[j - 1] ? null : `inputs of one length along the axes ${JSON.stringify(axes)}`
  },
  call: (op, _x, _weights, { axes, normalize }, { inputs }) => {
    const [a, b] = inputs as readonly [Real, Real] // of its arity
    const [i, j] = axesOf(axes, [a.shape.length, b.shape.length])
    const left = matrix(op, normalize ? normalized(op, a, i) : a, i, 'last')
    const right = matrix(op, normalize ? normalized(op, b, j) : b, j, 'first')
    const product = op.MatMul(left, right)
    const rest = [...restOf(a, i), ...restOf(b, j)]
    return op.Reshape(product, op.ints([0, ...(rest.length === 0 ? [1] : rest)]))
  },
})

/** The lengths of a sample without one axis. */
function restOf(x: Real, axis: number): number[] {
  return x.shape.flatMap((length, i) => (i === 0 || i === axis ? [] : [Number(length)]))
}

/** [batch, rest, length] or [batch, length, rest], where `length` is that of the axis. */
function matrix(op: Builder, x: Real, axis: number, place: 'first' | 'last'): Real {
  const others = x.shape.map((_, i) => i).filter((i) => i !== 0 && i !== axis)
  const perm = place === 'last' ? [0, ...others, axis] : [0, axis, ...others]
  const turned = perm.every((from, to) => from === to) ? x : op.Transpose(x, { perm })
  const length = Number(x.shape[axis])
  const rest = restOf(x, axis).reduce((product, one) => product * one, 1)
  return op.Reshape(turned, op.ints(place === 'last' ? [0, rest, length] : [0, length, rest]))
}

/** x / max(√Σx², 1e-7), as Keras: a sample of zeros stays zeros. */
function normalized(op: Builder, x: Real, axis: number): Real {
  const squares = op.ReduceSumSquare(x, op.ints([axis]), { keepdims: 1 })
  return op.Div(x, op.Sqrt(op.Max([squares, op.scalar(1e-14, x)])))
}
