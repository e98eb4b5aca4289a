/** L2: l2 · Σx², which keeps all values small. */
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { defineRegularizer, sumOfSquares } from './regularizer.ts'

export const l2 = defineRegularizer({
  config: Strict({ name: NameOf('l2', 'L2'), l2: { ...NonNegative, default: 0.01 } }),
  penalty: (op, x, config) => sumOfSquares(op, x, config.l2),
})
