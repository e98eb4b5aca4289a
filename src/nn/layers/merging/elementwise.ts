/**
 * Add, Subtract, Multiply, Average, Maximum, Minimum: several inputs become one, element by element.
 * Shapes: [batch, …] each, with broadcasting → [batch, …].
 * @see https://keras.io/api/layers/merging_layers/
 */
import { defineElementwise } from './broadcast.ts'
import { extremeOfReal } from './extreme.ts'

/** y = x₁ + x₂ + … */
export const Add = defineElementwise('Add', 'The sum of its inputs', (op, inputs) =>
  inputs.reduce((sum, x) => op.Add(sum, x)),
)

/** y = x₁ - x₂ */
export const Subtract = defineElementwise(
  'Subtract',
  'The first input less the second',
  (op, inputs) => inputs.reduce((difference, x) => op.Sub(difference, x)),
  { least: 2, most: 2 },
)

/** y = (x₁ + … + xₙ) / n */
export const Average = defineElementwise('Average', 'The mean of its inputs', (op, inputs) => {
  const sum = inputs.reduce((all, x) => op.Add(all, x))
  return op.Mul(sum, op.scalar(1 / inputs.length, sum))
})

/** y = max(x₁, x₂, …), of the inputs whose step is real */
export const Maximum = defineElementwise('Maximum', 'The largest of its inputs', (op, inputs, context) =>
  extremeOfReal(op, inputs, context, (some) => op.Max(some)),
)

/** y = min(x₁, x₂, …), of the inputs whose step is real */
export const Minimum = defineElementwise('Minimum', 'The smallest of its inputs', (op, inputs, context) =>
  extremeOfReal(op, inputs, context, (some) => op.Min(some)),
)
