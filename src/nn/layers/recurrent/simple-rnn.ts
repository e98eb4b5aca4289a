/** SimpleRNN: the state is fed back as it is. */
import { layerConfig } from '../layer.ts'
import { defineRecurrent, type Recurrent, type RecurrentConfig, recurrentArguments } from './recurrent-layer.ts'
import { simpleRnnCell } from './simple-rnn-cell.ts'

export const simpleRnn: Recurrent<RecurrentConfig> = {
  config: layerConfig('SimpleRNN', recurrentArguments, 'A recurrence without gates'),
  cell: simpleRnnCell,
  biasShape: ({ units }) => [units],
}

/**
 * h' = activation(x·kernel + h·recurrent_kernel + bias).
 * Shapes: [batch, time, features] → [batch, units], or [batch, time, units] with `return_sequences`; `return_state` adds the
 * last h. A further input is the state before the first step, [batch, units]. Masked steps keep the state. Dropout draws its
 * masks once for a sequence (recurrent-dropout.ts).
 * @throws {Problem} shape_mismatch where samples have not two axes or the state does not fit
 * @see Elman 1990, https://keras.io/api/layers/recurrent_layers/simple_rnn/
 */
export const SimpleRNN = defineRecurrent(simpleRnn)
