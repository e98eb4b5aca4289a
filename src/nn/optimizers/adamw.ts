/** AdamW: Adam whose weights decay beside the update (Loshchilov & Hutter 2019), not through the gradient. */
import { NameOf } from '../named.ts'
import { AtLeastZero, Strict } from '../strict.ts'
import { adamArguments, adamRule } from './adam.ts'
import { commonArguments } from './common.ts'
import { defineOptimizer } from './optimizer.ts'

/**
 * w ← w - rate·weight_decay·w, then Adam's update. As in Keras, every weight decays, biases too.
 * @see https://keras.io/api/optimizers/adamw/
 */
export const adamw = defineOptimizer({
  config: Strict({
    name: NameOf('adamw'),
    ...adamArguments,
    ...commonArguments,
    weight_decay: AtLeastZero(0.004),
  }),
  ...adamRule,
})
