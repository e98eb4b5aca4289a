/** The largest or smallest of several inputs, as masks let them be seen. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Bool, Real } from '../../../onnx/value.ts'
import type { LayerContext, Mask } from '../layer.ts'
import { overFeatures } from './broadcast.ts'

/**
 * `pick` of the inputs, one after the other: a step that a mask hides takes the value of what it is compared with, as in
 * Keras (base_merge.py, `_apply_merge_op_and_or_mask`). What was picked is hidden where all of its inputs are.
 */
export function extremeOfReal(
  op: Builder,
  inputs: readonly Real[],
  context: LayerContext,
  pick: (some: readonly Real[]) => Real,
): Real {
  if (context.masks.every((mask) => mask === null)) return pick(inputs)
  const masks = inputs.map((_, i) => context.masks[i] ?? null).map((mask) => mask && overFeatures(op, mask, context))
  const [first, ...others] = inputs.map((x, i) => ({ x, mask: masks[i] ?? null }))
  if (!first) throw new Error('there is no input to compare')
  const where = (mask: Mask, x: Real, other: Real) => (mask ? op.Where(mask, x, other) : x)
  return others.reduce((picked, { x, mask }) => {
    const next = where(mask, x, picked.x)
    const before = where(picked.mask, picked.x, next)
    return { x: pick([before, next]), mask: bothHidden(op, picked.mask, mask) }
  }, first).x
}

const bothHidden = (op: Builder, a: Bool | null, b: Bool | null): Bool | null => (a && b ? op.Or(a, b) : null)
