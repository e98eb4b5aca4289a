/** Gradient test inputs of the elementwise operators and activations, kept away from their kinks. */
import fc from 'fast-check'
import { tensorOf } from '../../../src/onnx/tensor.ts'
import {
  anyShape,
  awayFromOne,
  awayFromZero,
  broadcastable,
  broadcasting,
  distinct,
  inInterval,
  interval,
  notOne,
  perInput,
  positive,
  sign,
  smooth,
  trials,
  unary,
} from '../draw.ts'

/** ONNX Runtime has no float64 kernel for operators with this. */
const single = { types: ['float32'] } as const
const slope = interval(0.1, 0.9)

const activations = {
  Relu: unary(awayFromZero, (op, [x]) => op.Relu(x)),
  LeakyRelu: unary(awayFromZero, (op, [x], { random }) => op.LeakyRelu(x, { alpha: slope(random) }), single),
  PRelu: trials({
    plan: anyShape().map((shape) => ({ shapes: [shape, shape.slice(-1)] })),
    values: awayFromZero,
    call: (op, [x, slopes]) => op.PRelu(x, slopes),
    ...single,
  }),
  Elu: unary(awayFromZero, (op, [x], { random }) => op.Elu(x, { alpha: slope(random) }), single),
  Selu: unary(awayFromZero, (op, [x]) => op.Selu(x, {}), single),
  Sigmoid: unary(smooth, (op, [x]) => op.Sigmoid(x)),
  // kinks at ±1
  HardSigmoid: unary(awayFromOne, (op, [x]) => op.HardSigmoid(x, { alpha: 0.5, beta: 0.5 }), single),
  Tanh: unary(smooth, (op, [x]) => op.Tanh(x)),
  Softplus: unary(smooth, (op, [x]) => op.Softplus(x), single),
  Softsign: unary(smooth, (op, [x]) => op.Softsign(x), single),
  Softmax: unary(smooth, (op, [x], { random }) => op.Softmax(x, { axis: random.integer(x.shape.length) }), {
    minRank: 1,
  }),
  LogSoftmax: unary(smooth, (op, [x]) => op.LogSoftmax(x, { axis: -1 }), { minRank: 1 }),
  Clip: trials({
    plan: anyShape().map((shape) => ({ shapes: [shape, [], []] })),
    values: perInput(
      notOne,
      () => -1,
      () => 1,
    ),
    call: (op, [x, min, max], { random }) => op.Clip(x, random.integer(4) ? min : null, random.integer(4) ? max : null),
  }),
}

const maps = {
  Neg: unary(smooth, (op, [x]) => op.Neg(x)),
  Abs: unary(awayFromZero, (op, [x]) => op.Abs(x)),
  Sign: unary(awayFromZero, (op, [x]) => op.Sign(x)),
  Exp: unary(smooth, (op, [x]) => op.Exp(x)),
  Log: unary(positive, (op, [x]) => op.Log(x)),
  Sqrt: unary(positive, (op, [x]) => op.Sqrt(x)),
  Reciprocal: unary(positive, (op, [x]) => op.Reciprocal(x)),
  Floor: unary(inInterval(0.2, 0.8), (op, [x]) => op.Floor(x)),
  Ceil: unary(inInterval(0.2, 0.8), (op, [x]) => op.Ceil(x)),
  Round: unary(inInterval(-0.3, 0.3), (op, [x]) => op.Round(x)),
  Sin: unary(smooth, (op, [x]) => op.Sin(x)),
  Cos: unary(smooth, (op, [x]) => op.Cos(x)),
  Erf: unary(smooth, (op, [x]) => op.Erf(x), single),
  Identity: unary(smooth, (op, [x]) => op.Identity(x)),
  // to the other real type, and to integers, which have no gradient
  Cast: unary(
    inInterval(0.2, 0.8),
    (op, [x]) => [op.Cast(x, { to: 'float64' }), op.Cast(op.Cast(x, { to: 'int64' }), { to: 'float32' })],
    single,
  ),
}

/** Exponents as inputs, and as the constants that have a rule of their own. */
const power = fc.oneof(
  broadcasting(2, positive, (op, [x, exponent]) => op.Pow(x, exponent)),
  ...[0, 0.5, 1, 2, 3, -1].map((p) => unary(positive, (op, [x]) => op.Pow(x, op.scalar(p, x)))),
  ...[0, 1, 2, 3].map((p) => unary(awayFromZero, (op, [x]) => op.Pow(x, op.scalar(p, x)))),
  unary(awayFromZero, (op, [x]) => op.Pow(x, op.ints([3]))),
)

const arithmetic = {
  Add: broadcasting(2, smooth, (op, [a, b]) => op.Add(a, b)),
  Sub: broadcasting(2, smooth, (op, [a, b]) => op.Sub(a, b)),
  Mul: broadcasting(2, smooth, (op, [a, b]) => op.Mul(a, b)),
  Div: broadcasting(2, awayFromZero, (op, [a, b]) => op.Div(a, b)),
  Pow: power,
  Mod: broadcasting(
    2,
    perInput(
      (random) => sign(random) * (random.uniform() < 0.5 ? interval(0.3, 1.7) : interval(2.7, 3.7))(random),
      interval(2, 2.4),
    ),
    (op, [a, b]) => op.Mod(a, b, { fmod: 1 }),
  ),
  Max: fc.oneof(...[1, 2, 3].map((count) => broadcasting(count, distinct, (op, xs) => op.Max(xs)))),
  Min: fc.oneof(...[1, 2, 3].map((count) => broadcasting(count, distinct, (op, xs) => op.Min(xs)))),
  Sum: fc.oneof(...[1, 2, 3].map((count) => broadcasting(count, smooth, (op, xs) => op.Sum(xs)))),
  Where: trials({
    plan: broadcastable(3).map((shapes) => ({ shapes })),
    values: awayFromZero,
    call: (op, [c, x, y]) => op.Where(op.Greater(c, op.scalar(0, c)), x, y),
  }),
}

const chance = {
  Dropout: trials({
    plan: anyShape().map((shape) => ({ shapes: [shape] })),
    values: smooth,
    call: (op, [x], { random }) => {
      const training = op.constant(tensorOf('bool', [random.integer(4)], []))
      const seed = random.integer(1000)
      return op.Dropout(x, random.integer(2) ? op.scalar(0.3, x) : null, random.integer(4) ? training : null, { seed })
    },
    freshSessions: true,
  }),
}

export const elementwiseInputs = { ...maps, ...activations, ...arithmetic, ...chance }
