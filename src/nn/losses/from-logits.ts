/** Whether an output gives probabilities or logits, and whether the loss was told the same. */
import { activationOf } from '../activations.ts'
import type { ModelOutput } from '../model.ts'
import type { NamedConfig } from '../named.ts'
import { Switch } from '../strict.ts'

export const FromLogits = Switch(false, 'The output is logits: no softmax or sigmoid on the last layer')

/** The arguments of a loss that can be computed from logits. */
export interface LogitsConfig extends NamedConfig {
  readonly from_logits: boolean
}

/**
 * What is wrong between the output's activation and `from_logits`: softmax applied twice, or logits read as
 * probabilities, would train without an error and to the wrong end.
 */
export function logitsMisfit(
  { activation }: Pick<ModelOutput, 'activation'>,
  from_logits: boolean,
  wanted: 'softmax' | 'sigmoid',
): string | null {
  const { gives } = activationOf(activation)
  const right = gives === (wanted === 'softmax' ? 'distribution' : 'probability')
  if (from_logits) {
    return gives
      ? `from_logits is true, but the last layer's activation ${activation} gives probabilities already: leave from_logits out (fitserve computes from the logits inside)`
      : null
  }
  if (right) return null
  return `the last layer's activation is ${activation}, which gives no ${wanted === 'softmax' ? 'distribution over the classes' : 'probability'}: use "activation": "${wanted}", or say "from_logits": true`
}
