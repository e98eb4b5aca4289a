/** Multiply: the product of its inputs, element by element. */
import type { Builder } from '../../../onnx/builder.ts'
import type { Bool, Real } from '../../../onnx/value.ts'
import { defineElementwise, eitherMask, overFeatures } from './broadcast.ts'

/**
 * y = x₁ · x₂ · … Steps that a mask hides count as 1, and are 0 in the product where every input has a mask and hides them,
 * as in Keras. Shapes: [batch, …] each, with broadcasting → [batch, …].
 * @see https://keras.io/api/layers/merging_layers/multiply/
 */
export const Multiply = defineElementwise('Multiply', 'The product of its inputs', (op, inputs, context) => {
  const { masks } = context
  const factors = inputs.map((x, i) => {
    const mask = masks[i]
    return mask ? op.Where(overFeatures(op, mask, context), x, op.scalar(1, x)) : x
  })
  const product = factors.reduce((all, x) => op.Mul(all, x))
  const seen = eitherMask(op, inputs, masks)
  return seen ? hidden(op, product, overFeatures(op, seen, context)) : product
})

const hidden = (op: Builder, x: Real, mask: Bool): Real => op.Where(mask, x, op.scalar(0, x))
