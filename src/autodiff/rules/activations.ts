/** Gradient rules of the activation functions. At a kink the slope is that of the left side, as in TensorFlow. */
import { positive, where } from '../masks.ts'
import type { VjpRules } from '../vjp.ts'

export const activations = {
  Relu: (op, { outputs: [y] }, dy) => [op.Mul(dy, positive(op, y))],
  LeakyRelu: (op, { inputs: [x], attributes: { alpha = 0.01 } }, dy) => {
    const slope = op.Add(op.Mul(positive(op, x), op.scalar(1 - alpha, x)), op.scalar(alpha, x))
    return [op.Mul(dy, slope)]
  },
  PRelu: (op, { inputs: [x, slope] }, dy) => {
    const zero = op.scalar(0, x)
    const below = op.Mul(dy, op.Min([x, zero]))
    return [op.Where(op.Greater(x, zero), dy, op.Mul(dy, slope)), below]
  },
  /** Below 0, y = α(eˣ - 1) and dy/dx = y + α. */
  Elu: (op, { inputs: [x], outputs: [y], attributes: { alpha = 1 } }, dy) => {
    const below = op.Mul(dy, op.Add(y, op.scalar(alpha, y)))
    return [op.Where(op.Greater(x, op.scalar(0, x)), dy, below)]
  },
  /** Klambauer et al. 2017: γx above 0, γα(eˣ - 1) below. */
  Selu: (op, { inputs: [x], outputs: [y], attributes }, dy) => {
    const { alpha = 1.6732631921768188, gamma = 1.0507010221481323 } = attributes
    const below = op.Add(y, op.scalar(alpha * gamma, y))
    return [op.Mul(dy, op.Where(op.Greater(x, op.scalar(0, x)), op.scalar(gamma, y), below))]
  },
  /** dy·y first: where dy is u·k, a cell of a recurrent layer has k·y already (factors.ts). */
  Sigmoid: (op, { outputs: [y] }, dy) => [op.Mul(op.Mul(dy, y), op.Sub(op.scalar(1, y), y))],
  /** α where the output is strictly between 0 and 1. */
  HardSigmoid: (op, { outputs: [y], attributes: { alpha = 0.2 } }, dy) => {
    const inside = positive(op, op.Mul(y, op.Sub(op.scalar(1, y), y)))
    return [op.Mul(op.Mul(dy, op.scalar(alpha, dy)), inside)]
  },
  Tanh: (op, { outputs: [y] }, dy) => [op.Mul(dy, op.Sub(op.scalar(1, y), op.Mul(y, y)))],
  Softplus: (op, { inputs: [x] }, dy) => [op.Mul(dy, op.Sigmoid(x))],
  /** 1 / (1 + |x|)². */
  Softsign: (op, { inputs: [x] }, dy) => {
    const scale = op.Add(op.Abs(x), op.scalar(1, x))
    return [op.Div(dy, op.Mul(scale, scale))]
  },
  Softmax: (op, { outputs: [y], attributes: { axis = -1 } }, dy) => {
    const mean = op.ReduceSum(op.Mul(dy, y), op.ints([axis]), {})
    return [op.Mul(y, op.Sub(dy, mean))]
  },
  LogSoftmax: (op, { outputs: [y], attributes: { axis = -1 } }, dy) => {
    const sum = op.ReduceSum(dy, op.ints([axis]), {})
    return [op.Sub(dy, op.Mul(op.Exp(y), sum))]
  },
  /** Passes between the bounds, both included, as TensorFlow's `clip_by_value`; a bound gets what it holds back. */
  Clip: (op, { inputs: [x, min, max], outputs: [y] }, dy) => [
    where(op, op.Equal(x, y), dy),
    min && where(op, op.Less(x, min), dy),
    max && where(op, op.Greater(x, max), dy),
  ],
} satisfies VjpRules<
  | 'Relu'
  | 'LeakyRelu'
  | 'PRelu'
  | 'Elu'
  | 'Selu'
  | 'Sigmoid'
  | 'HardSigmoid'
  | 'Tanh'
  | 'Softplus'
  | 'Softsign'
  | 'Softmax'
  | 'LogSoftmax'
  | 'Clip'
>
