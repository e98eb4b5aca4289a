/** L1 and L2 together: l1 · Σ|x| + l2 · Σx². Both are 0 unless given, as in Keras. */
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { defineRegularizer, sumOfAbsolutes, sumOfSquares } from './regularizer.ts'

export const l1l2 = defineRegularizer({
  config: Strict({
    name: NameOf('l1_l2', 'l1l2', 'L1L2'),
    l1: { ...NonNegative, default: 0 },
    l2: { ...NonNegative, default: 0 },
  }),
  penalty: (op, x, config) => op.Add(sumOfAbsolutes(op, x, config.l1), sumOfSquares(op, x, config.l2)),
})
