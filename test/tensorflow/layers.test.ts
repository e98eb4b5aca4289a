/** The two engines train every layer and every form of network the same: several steps from the same weights. */
import { beforeAll, describe, expect, test } from 'vitest'
import { engineActivations } from '../../src/tensorflow/activations.ts'
import { engineLayers } from '../../src/tensorflow/layers/index.ts'
import type { OpenEngine } from '../../src/training/engine.ts'
import { compare, openTensorflow, type Training } from './compare.ts'

let open: OpenEngine
beforeAll(async () => {
  open = (await openTensorflow()).open
})

const head = { type: 'Dense', units: 2 }
const flat = { type: 'Flatten' }
const steps = [3, 2]
const image = [5, 4, 2]
const small = [4, 3, 2]
const volume = [3, 4, 3, 2]
const convolution = { filters: 3, kernel_size: 2 }
const padded = (row: number) => row % 3

const chain = (shape: readonly number[], ...layers: readonly object[]): Training => ({ shape, layers })
/** Behind a layer with weights, so that a gradient goes through; before another, which gives two numbers. */
const inside = (shape: readonly number[], ...layers: readonly object[]) =>
  chain(shape, { type: 'Dense', units: 2, activation: 'tanh' }, ...layers, flat, head)
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

const cases: readonly Training[] = [
  // convolutions
  chain([6, 2], { type: 'Conv1D', ...convolution, padding: 'same', activation: 'tanh' }, flat, head),
  chain([6, 2], { type: 'Conv1D', ...convolution, padding: 'causal', kernel_size: 3 }, flat, head),
  chain(image, { type: 'Conv2D', ...convolution, strides: [1, 2], padding: 'same', activation: 'gelu' }, flat, head),
  chain([2, 5, 4], { type: 'Conv2D', ...convolution, data_format: 'channels_first' }, flat, head),
  chain(
    volume,
    { type: 'Conv3D', ...convolution, padding: 'same' },
    { type: 'MaxPooling3D', pool_size: 2 },
    flat,
    head,
  ),
  chain(small, { type: 'Conv2DTranspose', ...convolution, strides: 2, padding: 'same' }, flat, head),
  chain(small, { type: 'DepthwiseConv2D', kernel_size: 2, depth_multiplier: 2, padding: 'same' }, flat, head),
  chain(
    image,
    { type: 'SeparableConv2D', filters: 4, kernel_size: 3, depth_multiplier: 2, pointwise_regularizer: 'l2' },
    flat,
    head,
  ),
  chain([6, 2], { type: 'SeparableConv1D', ...convolution, strides: 2, padding: 'same' }, flat, head),
  chain([6, 2], { type: 'DepthwiseConv1D', kernel_size: 3, depth_multiplier: 2 }, flat, head),
  chain(
    [4, 2],
    { type: 'Conv1DTranspose', ...convolution, strides: 3 },
    { type: 'Conv1DTranspose', ...convolution, padding: 'same' },
    flat,
    head,
  ),
  chain(
    [6, 2],
    { type: 'Conv1D', ...convolution, padding: 'causal', dilation_rate: 2 },
    { type: 'Conv1D', filters: 6, kernel_size: 2, groups: 3 },
    flat,
    head,
  ),
  chain(
    image,
    { type: 'Conv2D', ...convolution, dilation_rate: [2, 1], padding: 'same' },
    { type: 'SeparableConv2D', ...convolution, dilation_rate: 2, padding: 'same' },
    { type: 'DepthwiseConv2D', kernel_size: 2, dilation_rate: 2 },
    flat,
    head,
  ),
  chain(volume, { type: 'Conv3D', filters: 4, kernel_size: 2, groups: 2 }, flat, head),
  // pools and places
  inside(
    [6, 2],
    { type: 'MaxPooling1D', pool_size: 2, strides: 1, padding: 'same' },
    { type: 'AveragePooling1D', pool_size: 2 },
  ),
  inside(
    image,
    { type: 'MaxPooling2D', pool_size: 2, strides: 1 },
    { type: 'AveragePooling2D', pool_size: 2, padding: 'same' },
  ),
  inside(volume, { type: 'AveragePooling3D', pool_size: 2, strides: 1, padding: 'same' }),
  inside([4, 2], { type: 'GlobalAveragePooling1D', keepdims: true }),
  inside(small, { type: 'GlobalAveragePooling2D' }),
  inside(volume, { type: 'GlobalAveragePooling3D' }),
  inside([4, 2], { type: 'GlobalMaxPooling1D' }),
  inside([4, 3, 2], { type: 'GlobalMaxPooling2D', data_format: 'channels_first' }),
  inside(volume, { type: 'GlobalMaxPooling3D' }),
  inside(
    [4, 2],
    { type: 'UpSampling1D', size: 3 },
    { type: 'ZeroPadding1D', padding: [1, 0] },
    { type: 'Cropping1D', cropping: [1, 2] },
  ),
  inside(
    small,
    { type: 'UpSampling2D', size: [2, 1] },
    {
      type: 'ZeroPadding2D',
      padding: [
        [1, 0],
        [2, 1],
      ],
    },
    {
      type: 'Cropping2D',
      cropping: [
        [1, 2],
        [0, 1],
      ],
    },
  ),
  inside(
    volume,
    { type: 'UpSampling3D', size: [1, 2, 1] },
    { type: 'ZeroPadding3D', padding: 1 },
    {
      type: 'Cropping3D',
      cropping: [
        [1, 0],
        [0, 1],
        [1, 1],
      ],
    },
  ),
  // shapes
  chain(
    [30],
    { type: 'Reshape', target_shape: [5, -1, 2] },
    { type: 'Permute', dims: [2, 3, 1] },
    { type: 'Flatten', data_format: 'channels_first' },
    head,
  ),
  chain([3], { type: 'RepeatVector', n: 4 }, { type: 'Dense', units: 2, activation: 'softmax' }, flat, head),
  // activations
  inside(
    steps,
    { type: 'Identity' },
    { type: 'ActivityRegularization', l1: 0.1, l2: 0.2 },
    { type: 'RMSNormalization', axis: [1, 2] },
  ),
  inside(steps, {
    type: 'Dense',
    units: 2,
    kernel_regularizer: { name: 'orthogonal_regularizer', factor: 0.5, mode: 'columns' },
  }),
  inside(steps, { type: 'Activation', activation: 'silu', activity_regularizer: { name: 'l1', l1: 0.1 } }),
  inside(steps, { type: 'ReLU', max_value: 0.7, negative_slope: 0.2, threshold: 0.1 }),
  inside(steps, { type: 'LeakyReLU', negative_slope: 0.2 }, { type: 'ELU', alpha: 0.6 }),
  inside(steps, { type: 'PReLU', shared_axes: [1], alpha_initializer: { name: 'constant', value: 0.3 } }),
  inside(steps, { type: 'Softmax', axis: 1 }, { type: 'Softmax', axis: [1, 2] }),
  { ...chain([3], { type: 'Dense', units: 3 }, { type: 'Softmax' }), loss: 'categorical_crossentropy' },
  // normalizations
  chain(
    image,
    { type: 'Conv2D', ...convolution },
    { type: 'BatchNormalization', momentum: 0.8 },
    { type: 'ReLU' },
    flat,
    head,
  ),
  inside(steps, { type: 'BatchNormalization', axis: 1, center: false }),
  inside(steps, { type: 'BatchNormalization', trainable: false }),
  inside(steps, { type: 'LayerNormalization', axis: [1, 2], scale: false }, { type: 'LayerNormalization' }),
  inside(small, { type: 'GroupNormalization', groups: 2 }),
  inside(steps, { type: 'UnitNormalization' }, { type: 'Rescaling', scale: [2, 3], offset: 0.5 }),
  chain(steps, { type: 'Normalization' }, { type: 'Normalization', mean: 0.3, variance: 2, invert: true }, flat, head),
  // noise: both engines draw the same numbers
  inside(steps, { type: 'Dropout', rate: 0.3 }, { type: 'GaussianNoise', stddev: 0.2, seed: 3 }),
  inside(steps, { type: 'Dropout', rate: 0.5, noise_shape: [null, 1, null] }, { type: 'GaussianDropout', rate: 0.3 }),
  inside(steps, { type: 'SpatialDropout1D', rate: 0.5 }, { type: 'AlphaDropout', rate: 0.3 }),
  chain(
    image,
    { type: 'Conv2D', ...convolution },
    { type: 'SpatialDropout2D', rate: 0.4 },
    { type: 'Dropout', rate: 0.3 },
    flat,
    head,
  ),
  inside(volume, { type: 'SpatialDropout3D', rate: 0.4 }),
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

const titleOf = ({ layers }: Training) =>
  layers.map((layer) => JSON.stringify(layer).replaceAll(/["{}]|type:|inputs:/g, '')).join(' → ')

const optimizer = { name: 'sgd', learning_rate: 0.05, momentum: 0.5 }

describe('both engines give the same history and weights for', () => {
  test.each(cases.map((given) => [titleOf(given), given] as const))('%s', (_, given) =>
    compare({ optimizer, epochs: 1, ...given }, open),
  )
})

test('every layer is in that table', () => {
  const typesIn = (layer: object): string[] =>
    Object.entries(layer).flatMap(([name, value]) =>
      name === 'type' ? [String(value)] : name === 'layer' ? typesIn(value) : [],
    )
  const named = new Set(cases.flatMap(({ layers }) => layers.flatMap(typesIn)))
  expect(Object.keys(engineLayers).filter((type) => !named.has(type))).toEqual([])
})

test('every activation, side by side', () => {
  const layers = engineActivations.map((activation) => ({ ...head, activation, inputs: ['x'], name: activation }))
  const all = { type: 'Concatenate', inputs: [...engineActivations] }
  return compare({ layers: [{ type: 'Input', shape: [3], name: 'x' }, ...layers, all, head], optimizer }, open)
})
