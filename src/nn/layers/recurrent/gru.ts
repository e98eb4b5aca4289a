/** GRU: gated recurrent unit. */
import type { ActivationName } from '../../activations.ts'
import { Switch } from '../../strict.ts'
import { layerConfig } from '../layer.ts'
import { gruCell } from './gru-cell.ts'
import {
  activationWith,
  defineRecurrent,
  type Recurrent,
  type RecurrentConfig,
  recurrentArguments,
} from './recurrent-layer.ts'

export interface GruLayerConfig extends RecurrentConfig {
  readonly recurrent_activation: ActivationName | null
  readonly reset_after: boolean
}

/** Gates z, r, candidate side by side; with `reset_after` the recurrent product has a bias of its own. */
export const gru: Recurrent<GruLayerConfig> = {
  config: layerConfig(
    'GRU',
    { ...recurrentArguments, recurrent_activation: activationWith('sigmoid'), reset_after: Switch(true) },
    'Gated recurrent unit',
  ),
  cell: gruCell,
  biasShape: ({ units, reset_after }) => (reset_after ? [2, 3 * units] : [3 * units]),
}

/**
 * Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`; `return_state` adds the
 * last h. Kernel [features, 3·units], recurrent kernel [units, 3·units], bias [2, 3·units] ([3·units] without `reset_after`).
 * A further input is the state before the first step, [batch, units]. Masked steps keep the state. Dropout draws its masks
 * once for a sequence (recurrent-dropout.ts).
 * @throws {Problem} shape_mismatch where samples have not two axes or the state does not fit
 * @see Cho et al. 2014, https://keras.io/api/layers/recurrent_layers/gru/
 */
export const GRU = defineRecurrent(gru)
