/** L1: l1 · Σ|x|, which drives small values to zero. */
import { NameOf } from '../named.ts'
import { NonNegative, Strict } from '../strict.ts'
import { defineRegularizer, sumOfAbsolutes } from './regularizer.ts'

export const l1 = defineRegularizer({
  config: Strict({ name: NameOf('l1', 'L1'), l1: { ...NonNegative, default: 0.01 } }),
  penalty: (op, x, config) => sumOfAbsolutes(op, x, config.l1),
})
