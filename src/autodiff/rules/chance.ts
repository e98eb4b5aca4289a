/** Gradient rules of the operators that draw random numbers: they reuse what was drawn. */
import type { VjpRules } from '../vjp.ts'

export const chance = {
  /** In training mode y = x·mask/(1 - ratio); the mask is all true otherwise, and nothing is scaled. */
  Dropout: (op, { inputs: [, ratio, training], outputs: [, mask] }, dy) => {
    if (!training) return [dy, null, null]
    const one = op.scalar(1, dy)
    const kept = op.Sub(one, ratio ? op.Cast(ratio, { to: dy.type }) : op.scalar(0.5, dy))
    const scale = op.Where(training, op.Reciprocal(kept), one)
    return [op.Mul(op.Mul(dy, scale), op.Cast(mask, { to: dy.type })), null, null]
  },
} satisfies VjpRules<'Dropout'>
