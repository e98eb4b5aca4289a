/** LSTM: long short-term memory. */
import type { ActivationName } from '../../activations.ts'
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
  gates: 4,
  biasShape: ({ units }) => [4 * units],
  biasInitializer: ({ bias_initializer, unit_forget_bias, units }) =>
    unit_forget_bias && isZeros(bias_initializer) ? forgetOnes(units) : bias_initializer,
}

const isZeros = (given: LstmLayerConfig['bias_initializer']) =>
  (typeof given === 'string' ? given : given.name) === 'zeros'

function forgetOnes(units: number) {
  return {
    name: 'constant',
    value: Array.from({ length: 4 * units }, (_, i) => Number(i >= units && i < 2 * units)),
  }
}

/**
 * Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`; `return_state` adds the
 * last h and c, [batch, units] each. Kernel [features, 4·units], recurrent kernel [units, 4·units], bias [4·units].
 * Masked steps keep the states. Dropout draws one mask for all steps and gates of a sequence.
 * @throws {Problem} shape_mismatch where samples have not two axes
 * @see Hochreiter & Schmidhuber 1997, https://keras.io/api/layers/recurrent_layers/lstm/
 */
export const LSTM = defineRecurrent(lstm)
