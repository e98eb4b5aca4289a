/**
 * Activation functions by their Keras names, one line each, with Keras 3's constants.
 * @see https://keras.io/api/layers/activations/
 */
import { type Builder, ShapeError } from '../onnx/builder.ts'
import type { Real } from '../onnx/value.ts'

interface Activation {
  /**
   * From the pre-activation to the activation, in the same shape (`glu`: half of it). `axis` is that of the channels: the last,
   * if nothing is said.
   */
  readonly apply: (op: Builder, x: Real, axis?: number) => Real
  /**
   * What the values may be read as: `distribution` over the last axis, or a `probability` each. Left out: neither.
   * Losses that need probabilities ask for it.
   */
  readonly gives?: 'distribution' | 'probability'
  /** Whether crossentropies can be computed from the pre-activation instead, which no rounding spoils. */
  readonly hasLogits?: true
}

export const activations = {
  linear: { apply: (_op, x) => x },
  relu: { apply: (op, x) => op.Relu(x) },
  sigmoid: { apply: (op, x) => op.Sigmoid(x), gives: 'probability', hasLogits: true },
  tanh: { apply: (op, x) => op.Tanh(x) },
  softmax: { apply: (op, x, axis = -1) => op.Softmax(x, { axis }), gives: 'distribution', hasLogits: true },
  softplus: { apply: (op, x) => op.Softplus(x) },
  softsign: { apply: (op, x) => op.Softsign(x) },
  elu: { apply: (op, x) => op.Elu(x, { alpha: 1 }) },
  selu: { apply: (op, x) => op.Selu(x, {}) },
  // Keras 3: slope 0.2 (Keras 2 and TensorFlow.js: 0.3 in the layer of this name)
  leaky_relu: { apply: (op, x) => op.LeakyRelu(x, { alpha: 0.2 }) },
  exponential: { apply: (op, x) => op.Exp(x) },
  // Keras 3: relu6(x + 3) / 6 (Keras 2: slope 0.2)
  hard_sigmoid: { apply: (op, x) => op.HardSigmoid(x, { alpha: 1 / 6, beta: 0.5 }), gives: 'probability' },
  log_softmax: { apply: (op, x, axis = -1) => op.LogSoftmax(x, { axis }) },
  silu: { apply: silu },
  swish: { apply: silu },
  gelu: { apply: gelu },
  mish: { apply: (op, x) => op.Mul(x, op.Tanh(op.Softplus(x))) },
  relu6: { apply: (op, x) => op.Clip(x, op.scalar(0, x), op.scalar(6, x)) },
  celu: { apply: (op, x) => op.Elu(x, { alpha: 1 }) },
  hard_silu: { apply: hardSilu },
  hard_swish: { apply: hardSilu },
  hard_tanh: { apply: (op, x) => op.Clip(x, op.scalar(-1, x), op.scalar(1, x)) },
  hard_shrink: { apply: (op, x) => op.Where(op.Greater(op.Abs(x), op.scalar(0.5, x)), x, op.scalar(0, x)) },
  soft_shrink: { apply: softShrink },
  tanh_shrink: { apply: (op, x) => op.Sub(x, op.Tanh(x)) },
  log_sigmoid: { apply: (op, x) => op.Neg(op.Softplus(op.Neg(x))) },
  sparse_sigmoid: { apply: (op, x) => op.HardSigmoid(x, { alpha: 0.5, beta: 0.5 }), gives: 'probability' },
  sparse_plus: { apply: sparsePlus },
  squareplus: { apply: squareplus },
  glu: { apply: glu },
  sparsemax: { apply: sparsemax, gives: 'distribution' },
} as const satisfies Readonly<Record<string, Activation>>

export type ActivationName = keyof typeof activations

/** The activation of a name that was validated. */
export function activationOf(name: ActivationName): Activation {
  return activations[name]
}

function silu(op: Builder, x: Real): Real {
  return op.Mul(x, op.Sigmoid(x))
}

/** x·relu6(x + 3)/6 */
function hardSilu(op: Builder, x: Real): Real {
  return op.Mul(x, op.HardSigmoid(x, { alpha: 1 / 6, beta: 0.5 }))
}

/** x moved by 0.5 towards 0, and 0 where it would pass it. */
function softShrink(op: Builder, x: Real): Real {
  const half = op.scalar(0.5, x)
  return op.Sub(op.Relu(op.Sub(x, half)), op.Relu(op.Neg(op.Add(x, half))))
}

/** 0 below -1, x above 1, (x + 1)²/4 between. */
function sparsePlus(op: Builder, x: Real): Real {
  const between = op.HardSigmoid(x, { alpha: 0.5, beta: 0.5 })
  return op.Add(op.Mul(between, between), op.Relu(op.Sub(x, op.scalar(1, x))))
}

/** (x + √(x² + 4))/2 */
function squareplus(op: Builder, x: Real): Real {
  const root = op.Sqrt(op.Add(op.Mul(x, x), op.scalar(4, x)))
  return op.Mul(op.Add(x, root), op.scalar(0.5, x))
}

/** a·sigmoid(b), where a and b are the halves of `axis`. */
function glu(op: Builder, x: Real, axis = -1): Real {
  const length = Number(x.shape.at(axis))
  if (x.shape.length < 2 || length % 2 !== 0)
    throw new ShapeError('Glu', 'glu', [x], 'the activation glu halves the last axis, whose length has to be even')
  const [a, b] = op.Split(x, op.ints([length / 2, length / 2]), { axis }) as [Real, Real]
  return op.Mul(a, op.Sigmoid(b))
}

/**
 * The nearest point whose coordinates along `axis` are at least 0 and add up to 1: max(x - t, 0). In the support are those
 * with 1 + k·x > Σ of the k values not below x; t is (their sum - 1) / their number. Compares each with each, without a sort.
 * Keras 3.15 gives other numbers where several are in the support, which its issue 23425 takes for a mistake.
 * @see Martins & Astudillo 2016
 */
function sparsemax(op: Builder, x: Real, axis = -1): Real {
  const rank = x.shape.length
  const at = axis < 0 ? axis + rank : axis
  const [one, other] = [op.Unsqueeze(x, op.ints([at + 1])), op.Unsqueeze(x, op.ints([at]))]
  const above = op.Cast(op.GreaterOrEqual(other, one), { to: x.type }) // [… this, other …]
  const over = (value: Real, along: number) => op.ReduceSum(value, op.ints([along]), { keepdims: 0 })
  const rank1 = over(above, at + 1)
  const sums = over(op.Mul(above, other), at + 1)
  const inside = op.Cast(op.Greater(op.Add(op.Mul(rank1, x), op.scalar(1, x)), sums), { to: x.type })
  const total = (value: Real) => op.ReduceSum(value, op.ints([at]), { keepdims: 1 })
  const threshold = op.Div(op.Sub(total(op.Mul(inside, x)), op.scalar(1, x)), total(inside))
  return op.Relu(op.Sub(x, threshold))
}

/** The exact form, Keras' default: x·Φ(x) = x/2·(1 + erf(x/√2)). */
function gelu(op: Builder, x: Real): Real {
  const twice = op.Add(op.Erf(op.Mul(x, op.scalar(Math.SQRT1_2, x))), op.scalar(1, x))
  return op.Mul(op.Mul(x, op.scalar(0.5, x)), twice)
}
