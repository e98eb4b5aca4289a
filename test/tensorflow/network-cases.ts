/** Trainings of graphs, of sequences, and of what is hidden by masks. */
import type { Training } from './compare.ts'
import { chain, flat, head, steps } from './layer-cases.ts'

const padded = (row: number) => row % 3
/** Over sequences of which some steps are padding. */
const masked = (...layers: readonly object[]): Training => ({
  ...chain([4, 2], { type: 'Masking' }, ...layers),
  padded,
})
/** Two branches from one input of two numbers, then what joins them. */
const branches = (...joined: readonly object[]): Training => ({
  layers: [
    { type: 'Input', shape: [3, 2], name: 'x' },
    { type: 'Dense', units: 2, inputs: ['x'], name: 'a' },
    { type: 'Dense', units: 2, activation: 'tanh', inputs: ['x'], name: 'b' },
    ...joined,
  ],
})
const joins = (type: string, more: object = {}) => branches({ type, ...more, inputs: ['a', 'b'] }, flat, head)
/** Of two branches with masks of their own. */
const maskedJoin = (type: string): Training => ({
  layers: [
    { type: 'Input', shape: [4, 2], name: 'x' },
    { type: 'Masking', inputs: ['x'], name: 'real' },
    { type: 'Dense', units: 2, inputs: ['x'], name: 'other' },
    { type: 'ReLU', inputs: ['other'], name: 'rectified' },
    { type: 'Masking', inputs: ['rectified'], name: 'a' },
    { type: 'GRU', units: 2, return_sequences: true, inputs: ['real'], name: 'b' },
    { type, inputs: ['a', 'b'] },
    { type: 'LSTM', units: 2 },
  ],
  padded,
})

export const networkCases: readonly Training[] = [
  // merging
  joins('Add'),
  joins('Subtract'),
  joins('Multiply'),
  joins('Average'),
  joins('Maximum'),
  joins('Minimum'),
  joins('Concatenate'),
  joins('Concatenate', { axis: 1 }),
  joins('Dot', { axes: 2, normalize: true }),
  joins('Dot', { axes: [1, 1] }),
  branches(
    { type: 'Flatten', inputs: ['a'], name: 'one' },
    { type: 'Reshape', target_shape: [1, 2], inputs: ['pool'] },
    { type: 'Add', inputs: ['reshape', 'b'] },
    flat,
    head,
    { type: 'GlobalAveragePooling1D', inputs: ['a'], name: 'pool' },
  ),
  joins('MultiHeadAttention', { num_heads: 2, key_dim: 2, dropout: 0.2 }),
  chain(
    steps,
    { type: 'MultiHeadAttention', num_heads: 1, key_dim: 3, use_causal_mask: true, use_bias: false },
    flat,
    head,
  ),
  // recurrent layers
  chain(
    steps,
    { type: 'SimpleRNN', units: 2, activation: 'relu', use_bias: false, return_sequences: true },
    { type: 'SimpleRNN', units: 2 },
  ),
  chain([1, 2], { type: 'LSTM', units: 2, recurrent_activation: 'hard_sigmoid', kernel_regularizer: 'l1' }),
  chain(
    steps,
    { type: 'LSTM', units: 2, return_sequences: true, go_backwards: true },
    { type: 'LSTM', units: 2, dropout: 0.3 },
  ),
  chain(steps, { type: 'GRU', units: 2, return_sequences: true }, { type: 'GRU', units: 2, reset_after: false }),
  chain(steps, { type: 'GRU', units: 2, dropout: 0.3, recurrent_dropout: 0.4, reset_after: false }),
  chain(steps, { type: 'LSTM', units: 2, dropout: 0.3, recurrent_dropout: 0.4 }),
  chain(steps, { type: 'SimpleRNN', units: 2, recurrent_dropout: 0.4 }),
  chain(
    steps,
    { type: 'Bidirectional', layer: { type: 'LSTM', units: 2, return_sequences: true } },
    { type: 'Bidirectional', layer: { type: 'GRU', units: 2 }, merge_mode: 'sum' },
  ),
  chain(
    steps,
    {
      type: 'Bidirectional',
      layer: { type: 'SimpleRNN', units: 2, return_sequences: true, go_backwards: true },
      merge_mode: 'ave',
    },
    { type: 'Bidirectional', layer: { type: 'SimpleRNN', units: 2 }, merge_mode: 'mul' },
  ),
  {
    layers: [
      { type: 'Input', shape: steps, name: 'x' },
      { type: 'LSTM', units: 2, return_state: true, inputs: ['x'], name: 'encoder' },
      { type: 'LSTM', units: 2, inputs: ['x', { layer: 'encoder', output: 1 }, { layer: 'encoder', output: 2 }] },
    ],
  },
  chain(
    [2, 3, 2],
    { type: 'TimeDistributed', layer: { type: 'GRU', units: 2, activation: 'mish' } },
    { type: 'TimeDistributed', layer: { type: 'BatchNormalization' } },
    flat,
    head,
  ),
  chain(
    [2, 4, 3, 1],
    { type: 'TimeDistributed', layer: { type: 'Conv2D', filters: 2, kernel_size: 2, activation: 'relu' } },
    flat,
    head,
  ),
  // masks: steps that are padding count nowhere
  masked({ type: 'LSTM', units: 2 }),
  masked({ type: 'GRU', units: 2, return_sequences: true }),
  masked(
    { type: 'GRU', units: 2, return_sequences: true, zero_output_for_mask: true },
    { type: 'GlobalAveragePooling1D' },
  ),
  {
    ...masked(
      { type: 'Bidirectional', layer: { type: 'LSTM', units: 2, return_sequences: true } },
      { type: 'Dense', units: 3, activation: 'softmax' },
    ),
    loss: 'sparse_categorical_crossentropy',
    metrics: ['accuracy'],
    weights: true,
    validation: true,
  },
  masked(
    { type: 'Dense', units: 2 },
    { type: 'BatchNormalization' },
    { type: 'TimeDistributed', layer: { type: 'Dense', units: 2, bias_regularizer: 'l2' } },
  ),
  masked({ type: 'MultiHeadAttention', num_heads: 1, key_dim: 2 }),
  {
    ...chain(
      [5],
      { type: 'Embedding', input_dim: 7, output_dim: 3, mask_zero: true },
      { type: 'SimpleRNN', units: 3 },
      head,
    ),
    words: 7,
    padded,
  },
  { ...chain([5], { type: 'Embedding', input_dim: 7, output_dim: 3 }, { type: 'GlobalMaxPooling1D' }, head), words: 7 },
  {
    ...chain(
      [3, 4],
      { type: 'Embedding', input_dim: 7, output_dim: 2, mask_zero: true },
      { type: 'TimeDistributed', layer: { type: 'Dense', units: 2 } },
      { type: 'TimeDistributed', layer: { type: 'LSTM', units: 2 } },
      { type: 'GRU', units: 2 },
    ),
    ...{ words: 7, padded },
  },
  maskedJoin('Maximum'),
  maskedJoin('Multiply'),
  maskedJoin('Concatenate'),
  maskedJoin('Add'),
  // graphs
  {
    layers: [
      { type: 'Input', shape: [4, 2], name: 'x' },
      { type: 'Masking', inputs: ['x'] },
      {
        ...{ type: 'Bidirectional', merge_mode: null, activity_regularizer: 'l2', name: 'both' },
        layer: { type: 'LSTM', units: 2, return_sequences: true, return_state: true },
      },
      { type: 'Add', inputs: ['both', { layer: 'both', output: 1 }], name: 'sum' },
      { type: 'Dense', units: 2, inputs: [{ layer: 'both', output: 4 }], name: 'state' },
      { type: 'GRU', units: 2, go_backwards: true, inputs: ['sum', 'state'] },
    ],
    padded,
  },
  {
    layers: [
      { type: 'Input', shape: [3], name: 'left' },
      { type: 'Input', shape: [3], name: 'right' },
      { type: 'Dense', units: 4, activation: 'tanh', inputs: ['left'], name: 'tower' },
      { type: 'Shared', of: 'tower', inputs: ['right'], name: 'again' },
      { type: 'Subtract', inputs: ['tower', 'again'] },
      head,
    ],
  },
  {
    layers: [
      { type: 'Input', shape: [4], name: 'x' },
      { type: 'Dense', units: 5, activation: 'relu', inputs: ['x'], name: 'trunk' },
      { type: 'Dense', units: 3, activation: 'softmax', inputs: ['trunk'], name: 'kind' },
      { type: 'Dense', units: 1, inputs: ['trunk'], name: 'price' },
    ],
    outputs: ['kind', 'price'],
    losses: ['sparse_categorical_crossentropy', 'huber'],
    ...{ metrics: ['mse'], validation: true, weights: true },
  },
  {
    layers: [
      { type: 'Input', shape: [4, 2], name: 'x' },
      { type: 'Masking', inputs: ['x'] },
      { type: 'LSTM', units: 2, return_sequences: true, return_state: true, name: 'lstm' },
      {
        type: 'Concatenate',
        inputs: [
          { layer: 'lstm', output: 1 },
          { layer: 'lstm', output: 2 },
        ],
        name: 'state',
      },
      { type: 'Dense', units: 1, inputs: ['state'], name: 'whole' },
    ],
    outputs: ['lstm', 'whole'],
    losses: ['mse', 'mae'],
    padded,
  },
]
