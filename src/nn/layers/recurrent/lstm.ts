/** LSTM: long short-term memory. */
import type { ActivationName } from '../../activations.ts'
import type { Given, NamedConfig } from '../../named.ts'
import { Switch } from '../../strict.ts'
import { layerConfig } from '../layer.ts'
import { lstmCell } from './lstm-cell.ts'
import {
  activationWith,
  defineRecurrent,
  type Recurrent,
  type RecurrentConfig,
  recurrentArguments,
} from './recurrent-layer.ts'

export interface LstmLayerConfig extends RecurrentConfig {
  readonly recurrent_activation: ActivationName | null
  readonly unit_forget_bias: boolean
}

/** Gates i, f, g, o side by side; the forget gate's bias starts at 1 with `unit_forget_bias` (Jozefowicz et al. 2015). */
export const lstm: Recurrent<LstmLayerConfig> = {
  config: layerConfig(
    'LSTM',
    { ...recurrentArguments, recurrent_activation: activationWith('sigmoid'), unit_forget_bias: Switch(true) },
    'Long short-term memory',
  ),
  cell: lstmCell,
  biasShape: ({ units }) => [4 * units],
  misfit: ({ bias_initializer, unit_forget_bias, use_bias }) =>
    unit_forget_bias && use_bias && numberOf(bias_initializer) === null
      ? 'unit_forget_bias to be false with a bias_initializer that draws'
      : null,
  biasInitializer: ({ bias_initializer, unit_forget_bias, units }) => {
    const others = numberOf(bias_initializer)
    return unit_forget_bias && others !== null ? forgetOnes(units, others) : bias_initializer
  },
}

/** The one number that an initializer gives, or null. */
function numberOf(given: Given): number | null {
  const { name, value = 0 } = typeof given === 'string' ? { name: given } : (given as NamedConfig & { value?: unknown })
  if (name === 'constant') return typeof value === 'number' ? value : null
  return name === 'zeros' ? 0 : name === 'ones' ? 1 : null
}

function forgetOnes(units: number, others: number) {
  const value = Array.from({ length: 4 * units }, (_, i) => (i >= units && i < 2 * units ? 1 : others))
  return { name: 'constant', value }
}

/**
 * Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`; `return_state` adds the
 * last h and c, [batch, units] each. Kernel [features, 4·units], recurrent kernel [units, 4·units], bias [4·units].
 * Further inputs are the states h and c before the first step, [batch, units] each. Masked steps keep the states. Dropout
 * draws its masks once for a sequence (recurrent-dropout.ts).
 * @throws {Problem} shape_mismatch where samples have not two axes, states do not fit, or unit_forget_bias meets a bias that
 * is drawn
 * @see Hochreiter & Schmidhuber 1997, https://keras.io/api/layers/recurrent_layers/lstm/
 */
export const LSTM = defineRecurrent(lstm)
